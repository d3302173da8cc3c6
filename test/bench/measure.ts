// Two ways to compare costs on a noisy machine.

import { measure } from 'mitata'

/** Something whose cost is measured. */
export type Contender = () => Promise<unknown>

/** The middle value of several. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}

const BLOCK_CALLS = 500

/**
 * Median nanoseconds of processor time, of all threads together, that one call of each contender
 * takes: blocks of calls in turns. Not by the clock: a call to the platform's crypto threads takes half
 * or double the time, depending on whether those threads and this one still spin or have gone to
 * sleep since the call before, and a contender that is alone makes a weather of its own.
 */
export const measureInTurns = async (
  contenders: readonly Contender[],
  blocks: number,
): Promise<number[]> => {
  const samples: number[][] = contenders.map(() => [])
  for (let block = 0; block < blocks; block++) {
    for (const [index, contender] of contenders.entries()) {
      const before = process.cpuUsage()
      for (let call = 0; call < BLOCK_CALLS; call++) await contender()
      const { user, system } = process.cpuUsage(before)
      samples[index]?.push(((user + system) * 1000) / BLOCK_CALLS)
    }
  }
  // The first two thirds warm up.
  return samples.map((values) => median(values.slice(Math.floor((values.length * 2) / 3))))
}

/** Median nanoseconds of one call of each contender, by mitata, contender after contender. */
export const measureAlone = async (
  contenders: Readonly<Record<string, Contender>>,
  rounds: number,
): Promise<Record<string, number>> => {
  const samples: Record<string, number[]> = {}
  for (let round = 0; round <= rounds; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      const { p50 } = await measure(contender, { min_cpu_time: 2e7, min_samples: 64 })
      // Round 0 warms up.
      if (round > 0) (samples[name] ??= []).push(p50)
    }
    process.stderr.write(`\rround ${round} of ${rounds}`)
  }
  process.stderr.write('\n')
  return Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, median(all)]))
}
