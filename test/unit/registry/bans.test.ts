// Bans where the clocks of two processes differ.

import { describe, expect, it } from 'vitest'
import { ban, findBan, listBans, unban } from '../../../src/registry/bans.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'

const NOW = 1_000_000
const IMAGE = 'm-lifted'

describe('unban()', () => {
  it.each([
    ['behind', -60],
    ['of the same time', 0],
    ['ahead', 60],
  ])('lifts a ban for a clock that is %s', async (_, seconds) => {
    const ledger = createMemoryLedger(0)
    const made = {
      kind: 'image',
      value: IMAGE,
      reason: 'x',
      by: 'alice',
      kid: 'k',
      at: NOW,
    } as const
    await ban(ledger, made)
    await unban(ledger, 'image', IMAGE, NOW)

    const now = NOW + seconds
    const identity = { ownerAccountId: '1', imageId: IMAGE, instanceId: 'i-1' }
    expect(await findBan(ledger, identity, now)).toBeUndefined()
    expect(await listBans(ledger, { limit: 10 }, now)).toEqual({ items: [] })
  })
})
