// The ledger in memory.

import { describe, expect, it } from 'vitest'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { describeLedger } from '../../cases/ledger/contract.ts'

const open = async () => ({ ledger: createMemoryLedger(), close: async () => {} })

describeLedger('memory', open, { survives: false })

describe('createMemoryLedger()', () => {
  it('vouches for challenges from the second after the one in which it is made', () => {
    const before = Math.floor(Date.now() / 1000)
    expect(createMemoryLedger().remembersSince).toBeGreaterThan(before)
  })
})
