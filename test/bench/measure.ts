// Two ways to compare costs on a noisy machine.

import { measure } from 'mitata'

/** Something whose cost is measured. */
export type Contender = () => Promise<unknown>

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}

/**
 * Median nanoseconds of one call of each contender, call by call in turns. A call to the platform's
 * crypto threads costs half or double, depending on whether those threads and this one still spin
 * or have gone to sleep since the call before: alone in a loop, each contender would make a weather
 * of its own. In turns, as in a service, they share it.
 */
export const measureInTurns = async (
  contenders: readonly Contender[],
  calls: number,
): Promise<number[]> => {
  const samples: number[][] = contenders.map(() => [])
  for (let call = 0; call < calls; call++) {
    for (const [index, contender] of contenders.entries()) {
      const started = process.hrtime.bigint()
      await contender()
      samples[index]?.push(Number(process.hrtime.bigint() - started))
    }
  }
  // The first half warms up.
  return samples.map((values) => median(values.slice(values.length >> 1)))
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
