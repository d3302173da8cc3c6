// Tokens revoked one by one.

import { describe, expect, it } from 'vitest'
import { LedgerFormatError } from '../../../src/base/errors.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { outlivedAt } from '../../../src/registry/lifetimes.ts'
import { isRevoked, revokeToken } from '../../../src/registry/revocation.ts'

const NOW = 1_800_000_000

describe('revokeToken()', () => {
  it('revokes one token, and no other', async () => {
    const ledger = createMemoryLedger(0)
    expect(await isRevoked(ledger, 'a', NOW)).toBe(false)
    await revokeToken(ledger, 'a', NOW)
    expect(await isRevoked(ledger, 'a', NOW)).toBe(true)
    for (const other of ['A', 'aa', '']) expect(await isRevoked(ledger, other, NOW)).toBe(false)
  })

  it('lasts for longer than the token can live', async () => {
    const ledger = createMemoryLedger(0)
    await revokeToken(ledger, 'a', NOW)
    expect(await isRevoked(ledger, 'a', outlivedAt(NOW) - 1)).toBe(true)
    expect(await isRevoked(ledger, 'a', outlivedAt(NOW))).toBe(false)
  })

  it('may be done twice; the first time counts', async () => {
    const ledger = createMemoryLedger(0)
    await revokeToken(ledger, 'a', NOW)
    await revokeToken(ledger, 'a', NOW + 60)
    expect(await isRevoked(ledger, 'a', outlivedAt(NOW) - 1)).toBe(true)
    expect(await isRevoked(ledger, 'a', outlivedAt(NOW))).toBe(false)
  })
})

describe('isRevoked()', () => {
  it('takes the entry of another release neither for a revocation nor for none', async () => {
    const ledger = createMemoryLedger(0)
    await ledger.compareAndSet({ key: 'revoked:a', value: '2 x' }, undefined, NOW)
    await expect(isRevoked(ledger, 'a', NOW)).rejects.toThrow(LedgerFormatError)
  })
})
