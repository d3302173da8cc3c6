// The contract, fourth part: what was acknowledged outlives processes, and a store that can't answer
// is told from one that has nothing.

import { expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../src/errors.ts'
import type { OpenStore } from './contract.ts'
import { forEachNumber } from './contract-list.ts'
import { NOW, newKey, newKind } from './keys.ts'

/** "A few seconds", with room for a slow machine. */
const FEW_SECONDS = 12

export const declareFailureTests = (open: OpenStore): void => {
  it('compareAndSet() has acknowledged only what is there after a restart', async (context) => {
    const { ledger, restart } = await open(context)
    const kind = newKind()
    const acknowledged = new Map<string, string>()
    const stores = async (key: string, value: string, expected: string | undefined) => {
      const swap = await ledger.compareAndSet({ key, value }, expected, NOW)
      if (swap.stored) acknowledged.set(key, value)
    }
    await forEachNumber(100, (i) => stores(`${kind}:${i}`, 'first', undefined))
    // Some in the middle of it: what becomes of them is open, but what was acknowledged is not.
    const underWay = Array.from({ length: 200 }, (_, i) =>
      stores(`${kind}:${i}`, 'second', i < 100 ? 'first' : undefined).catch(() => undefined),
    )
    await underWay[20]
    await restart?.()
    await Promise.all(underWay)
    expect(acknowledged.size).toBeGreaterThanOrEqual(100)
    for (const [key, value] of acknowledged) {
      const found = await ledger.read(key, NOW)
      // A change that was under way may have been stored without an answer.
      expect(value === 'first' ? ['first', 'second'] : ['second']).toContain(found)
      const swap = await ledger.compareAndSet({ key, value: 'third' }, undefined, NOW)
      expect(swap).toEqual({ stored: false, value: found })
    }
  })

  it('every method throws LedgerUnavailableError, soon, while the store is broken', async (context) => {
    const { ledger, breakStore, mendStore } = await open(context)
    const kind = newKind()
    const kept = newKey(kind)
    const lost = newKey(kind)
    await ledger.compareAndSet({ key: kept, value: 'a' }, undefined, NOW)
    await breakStore?.()
    try {
      const began = Date.now()
      const calls = [
        ledger.read(kept, NOW),
        ledger.compareAndSet({ key: kept, value: 'b' }, undefined, NOW),
        ledger.compareAndSet({ key: kept, value: 'b' }, 'a', NOW),
        ledger.compareAndSet({ key: lost, value: 'b' }, undefined, NOW),
        ledger.list(kind, { limit: 5 }, NOW),
      ]
      const outcomes = await Promise.allSettled(calls)
      expect((Date.now() - began) / 1000).toBeLessThan(FEW_SECONDS)
      for (const outcome of outcomes) {
        expect(outcome.status).toBe('rejected')
        expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(LedgerUnavailableError)
      }
    } finally {
      await mendStore?.()
    }
    // The change may have been stored, though nobody was told so.
    expect(['a', 'b']).toContain(await ledger.read(kept, NOW))
    const found = await ledger.read(lost, NOW)
    const swap = await ledger.compareAndSet({ key: lost, value: 'c' }, found, NOW)
    expect(swap).toEqual({ stored: true })
  })

  it('compareAndSet() loses nothing that it acknowledged before the store broke', async (context) => {
    const { ledger, breakStore, mendStore } = await open(context)
    const kind = newKind()
    const acknowledged: string[] = []
    const calls = Array.from({ length: 200 }, async (_, i) => {
      const key = `${kind}:${i}`
      const swap = await ledger.compareAndSet({ key, value: key }, undefined, NOW)
      if (swap.stored) acknowledged.push(key)
    })
    await calls[10]
    await breakStore?.()
    await Promise.allSettled(calls)
    await mendStore?.()
    expect(acknowledged.length).toBeGreaterThan(0)
    for (const key of acknowledged) expect(await ledger.read(key, NOW)).toBe(key)
  })
}
