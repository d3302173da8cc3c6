// The contract, second part: of any number of callers at once, one gets the answer that it stored.

import { expect, it } from 'vitest'
import type { Ledger, LedgerEntry, Swap } from '../../../src/ledger/ledger.ts'
import type { OpenStore } from './contract.ts'
import { NOW, newKey } from './keys.ts'

/** How many callers race. */
export const RACERS = 100
const ROUNDS = 5

/** Lets callers race for one key, each with a value of its own. @returns the answer to each */
export const race = (
  ledger: Ledger,
  entry: Pick<LedgerEntry, 'key' | 'expiresAt'>,
  expected: string | undefined,
  now: number,
): Promise<Swap[]> =>
  Promise.all(
    Array.from({ length: RACERS }, (_, racer) =>
      ledger.compareAndSet({ ...entry, value: `racer ${racer}` }, expected, now),
    ),
  )

/** The values of the callers whose answer was that they stored. */
export const winnersOf = (swaps: readonly Swap[]): string[] =>
  swaps.flatMap((swap, racer) => (swap.stored ? [`racer ${racer}`] : []))

/** One caller stored, and all others got its value, which is returned. */
export const expectOneWinner = (swaps: readonly Swap[]): string => {
  const winners = winnersOf(swaps)
  expect(winners).toHaveLength(1)
  const told = new Set(swaps.flatMap((swap) => (swap.stored ? [] : [swap.value])))
  expect(told).toEqual(new Set(winners))
  return winners[0] as string
}

export const describeRaces = (open: OpenStore): void => {
  it(`compareAndSet() has one winner of ${RACERS} callers where nothing is there`, async (context) => {
    const { ledger } = await open(context)
    for (let round = 0; round < ROUNDS; round++) {
      const key = newKey()
      const winner = expectOneWinner(await race(ledger, { key }, undefined, NOW))
      expect(await ledger.read(key, NOW)).toBe(winner)
    }
  })

  it(`compareAndSet() has one winner of ${RACERS} callers where an entry has expired`, async (context) => {
    const { ledger } = await open(context)
    const key = newKey()
    for (let round = 1; round <= ROUNDS; round++) {
      const now = NOW + 10 * round
      const winner = expectOneWinner(
        await race(ledger, { key, expiresAt: now + 10 }, undefined, now),
      )
      expect(await ledger.read(key, now)).toBe(winner)
    }
  })

  it(`compareAndSet() has one winner of ${RACERS} callers that expect one value`, async (context) => {
    const { ledger } = await open(context)
    const key = newKey()
    await ledger.compareAndSet({ key, value: 'start' }, undefined, NOW)
    for (let round = 0; round < ROUNDS; round++) {
      const winner = expectOneWinner(await race(ledger, { key }, 'start', NOW))
      expect(await ledger.read(key, NOW)).toBe(winner)
      await ledger.compareAndSet({ key, value: 'start' }, winner, NOW)
    }
  })

  it('compareAndSet() loses nothing of counters that many callers count up', async (context) => {
    const { ledger } = await open(context)
    const key = newKey()
    const [callers, times] = [20, 5]
    await ledger.compareAndSet({ key, value: '0' }, undefined, NOW)
    const countUp = async (): Promise<void> => {
      let expected: string | undefined = '0'
      for (let done = 0; done < times;) {
        const value: string = String(Number(expected) + 1)
        const swap: Swap = await ledger.compareAndSet({ key, value }, expected, NOW)
        if (swap.stored) done++
        expected = swap.stored ? value : swap.value
      }
    }
    await Promise.all(Array.from({ length: callers }, countUp))
    expect(await ledger.read(key, NOW)).toBe(String(callers * times))
  })
}
