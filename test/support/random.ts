// Random numbers that are the same again for the same seed, so that what they found can be found again.

/** A source of whole numbers from 0 to `below` - 1. */
export type Random = (below: number) => number

/** mulberry32: small, and even enough for tests. */
export const seededRandom = (seed: number): Random => {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** One of some values. */
export const pick = <Value>(random: Random, values: readonly Value[]): Value =>
  values[random(values.length)] as Value
