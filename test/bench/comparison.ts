// A comparison of contenders that take turns, and how its rounds become ratios.

import { type RatioName, isNearLimit } from './limits.ts'
import { median } from './measure.ts'

/** Ratios by name: of one round, or medians. */
export type Ratios = Readonly<Partial<Record<RatioName, number>>>

/** Contenders that have started and are warm. */
export interface Contest {
  /** Measures one round, in which every contender has its turn. */
  round(): Promise<Ratios>
  /** Ends what was started. */
  close?(): Promise<void>
}

/** What can be compared. */
export interface Comparison {
  /** What is shown while it runs. */
  readonly name: string
  /** How many rounds it wants. Default: as many as all others. */
  readonly rounds?: number
  /**
   * Starts the contenders.
   * @throws SkippedError if this machine lacks a tool
   */
  open(): Promise<Contest>
}

const mediansOf = (rounds: readonly Ratios[]): Ratios => {
  const names = new Set(rounds.flatMap((round) => Object.keys(round) as RatioName[]))
  return Object.fromEntries(
    [...names].map((name) => {
      const ratios = rounds.flatMap((round) => round[name] ?? [])
      return [name, Number(median(ratios).toFixed(2))]
    }),
  )
}

/**
 * Measures a comparison. If a ratio is near its limit, as many rounds are measured once more, and all count.
 * @returns the medians
 * @throws SkippedError if this machine lacks a tool
 */
export const measureComparison = async (
  { open, rounds: wanted }: Pick<Comparison, 'open' | 'rounds'>,
  rounds: number,
): Promise<Ratios> => {
  const contest = await open()
  const measured: Ratios[] = []
  const run = async (): Promise<Ratios> => {
    for (let round = 0; round < (wanted ?? rounds); round++) measured.push(await contest.round())
    return mediansOf(measured)
  }
  try {
    const ratios = Object.entries(await run()) as [RatioName, number][]
    return ratios.some(([name, ratio]) => isNearLimit(name, ratio))
      ? await run()
      : mediansOf(measured)
  } finally {
    await contest.close?.()
  }
}
