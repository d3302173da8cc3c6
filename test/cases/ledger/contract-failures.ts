// The contract, fourth part: acknowledged entries outlive processes, and a store that cannot answer is not
// taken for an empty one.

import { expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import type { OpenStore } from './contract.ts'
import { NOW, forEachNumber, newKey, newKind } from './keys.ts'

/** "A few seconds", with room for a slow machine. */
const FEW_SECONDS = 12
const WRITERS = 8
const ENOUGH = 200

/** What the store acknowledged to writers until it was gone. */
interface Written {
  /** The entries that were acknowledged. */
  readonly acknowledged: Map<string, string>
  /** The errors of those that were under way. */
  readonly interrupted: unknown[]
}

/** Lets writers store, one entry after the other, until each has lost the store. */
const writeWhile = async (ledger: Ledger, end: () => Promise<void>): Promise<Written> => {
  const kind = newKind()
  const acknowledged = new Map<string, string>()
  const interrupted: unknown[] = []
  let enough = (): void => {}
  const underWay = new Promise<void>((resolve) => (enough = resolve))
  const write = async (_: unknown, writer: number): Promise<void> => {
    // New entries, and changes of entries; each value is the number of the change.
    for (let i = 0; interrupted.length === 0; i++) {
      const key = `${kind}:${writer}-${i - (i % 3)}`
      const expected = i % 3 === 0 ? undefined : `${i - 1}`
      const swap = await ledger.compareAndSet({ key, value: `${i}` }, expected, NOW)
      expect(swap).toEqual({ stored: true })
      acknowledged.set(key, `${i}`)
      if (acknowledged.size > ENOUGH) enough()
    }
  }
  const writers = Array.from({ length: WRITERS }, write).map((it) =>
    it.catch((error: unknown) => interrupted.push(error)),
  )
  await underWay
  await end()
  await Promise.all(writers)
  // Nobody may have been told that somebody else had stored what is its own.
  for (const error of interrupted) expect(error).not.toMatchObject({ name: 'AssertionError' })
  return { acknowledged, interrupted }
}

/** What was acknowledged is there; a change that was under way may be there too. */
const expectNothingLost = async (ledger: Ledger, { acknowledged }: Written): Promise<void> => {
  expect(acknowledged.size).toBeGreaterThan(ENOUGH)
  const entries = [...acknowledged]
  await forEachNumber(entries.length, async (i) => {
    const [key, value] = entries[i] as [string, string]
    const found = await ledger.read(key, NOW)
    expect([value, `${Number(value) + 1}`]).toContain(found)
    const swap = await ledger.compareAndSet({ key, value: 'x' }, undefined, NOW)
    expect(swap).toEqual({ stored: false, value: found })
  })
}

export const describeFailures = (open: OpenStore): void => {
  it('compareAndSet() has acknowledged only what is there after a restart in the middle', async (context) => {
    const { ledger, restart } = await open(context)
    const written = await writeWhile(ledger, async () => restart?.())
    expect(written.interrupted.length).toBeGreaterThan(0)
    await expectNothingLost(ledger, written)
  })

  it('compareAndSet() has acknowledged only entries that a broken store still has after its repair', async (context) => {
    const { ledger, breakStore, mendStore } = await open(context)
    const written = await writeWhile(ledger, async () => breakStore?.())
    await mendStore?.()
    expect(written.interrupted.length).toBeGreaterThan(0)
    await expectNothingLost(ledger, written)
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
    // The change may have been stored, although no writer got an answer.
    expect(['a', 'b']).toContain(await ledger.read(kept, NOW))
    const found = await ledger.read(lost, NOW)
    const swap = await ledger.compareAndSet({ key: lost, value: 'c' }, found, NOW)
    expect(swap).toEqual({ stored: true })
  })
}
