// What may be used once: one use passes, of any number and in any order, and none that a new ledger could not know.

import { describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { spendOnce } from '../../../src/ledger/spend-once.ts'

const NOW = 1_800_000_000
const ONCE = { key: 'operator:k j', madeAt: NOW, expiresAt: NOW + 120 }

describe('spendOnce()', () => {
  it('lets one of many pass', async () => {
    const ledger = createMemoryLedger(0)
    const all = await Promise.all(Array.from({ length: 20 }, () => spendOnce(ledger, ONCE, NOW)))
    expect(all.filter((result) => result === 'spent')).toHaveLength(1)
    expect(all.filter((result) => result === 'used')).toHaveLength(19)
    expect(await spendOnce(ledger, { ...ONCE, key: 'operator:k i' }, NOW)).toBe('spent')
  })

  it('knows it as used until it expires', async () => {
    const ledger = createMemoryLedger(0)
    await spendOnce(ledger, ONCE, NOW)
    expect(await spendOnce(ledger, ONCE, NOW + 119)).toBe('used')
    expect(await spendOnce(ledger, ONCE, NOW + 120)).toBe('spent')
  })

  it('refuses what was made before the ledger began, and stores nothing', async () => {
    const ledger = createMemoryLedger(NOW + 1)
    expect(await spendOnce(ledger, ONCE, NOW)).toBe('forgotten')
    expect(await ledger.read(ONCE.key, NOW)).toBeUndefined()
    expect(await spendOnce(createMemoryLedger(NOW), ONCE, NOW)).toBe('spent')
  })

  it('refuses where the ledger began anew while it was asked', async () => {
    const memory = createMemoryLedger(0)
    let began = 0
    const ledger: Ledger = {
      ...memory,
      get remembersSince() {
        return began
      },
      compareAndSet(...change) {
        began = NOW + 1
        return memory.compareAndSet(...change)
      },
    }
    expect(await spendOnce(ledger, ONCE, NOW)).toBe('forgotten')
  })

  it('lets an unreachable ledger through as what it is', async () => {
    const ledger: Ledger = {
      ...createMemoryLedger(0),
      compareAndSet: () => Promise.reject(new LedgerUnavailableError('gone')),
    }
    await expect(spendOnce(ledger, ONCE, NOW)).rejects.toThrow(LedgerUnavailableError)
  })
})
