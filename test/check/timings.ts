// How long each step of the check took, and which one grew.

import usualSeconds from './usual-seconds.json' with { type: 'json' }

/** How long a step took. */
export interface Timing {
  readonly name: string
  readonly seconds: number
}

/** The whole check is to stay below this. */
const LIMIT_SECONDS = 1320

/**
 * One line for each step; behind them, if the check took longer than 22 minutes, those that took more than usual,
 * most first.
 * @param total seconds of the whole check: some steps run at once
 * @param usual seconds of each step on a quiet machine of two cores
 */
export const timingLines = (
  timings: readonly Timing[],
  total: number,
  usual: Readonly<Record<string, number>> = usualSeconds,
): string[] => {
  const row = (name: string, seconds: number): string =>
    `${name.padEnd(22)}${seconds.toFixed(1).padStart(8)} s`
  const lines = [...timings.map(({ name, seconds }) => row(name, seconds)), row('all steps', total)]
  if (total <= LIMIT_SECONDS) return lines
  const grown = timings
    .map(({ name, seconds }) => ({ name, seconds, more: seconds - (usual[name] ?? 0) }))
    .filter(({ more }) => more > 0)
    .toSorted((a, b) => b.more - a.more)
    .map(
      ({ name, seconds }) => `  - ${name}: ${seconds.toFixed(0)} s, usually ${usual[name] ?? 0} s`,
    )
  return [...lines, `the check took longer than ${LIMIT_SECONDS / 60} minutes:`, ...grown]
}
