// What the benchmark has to show.

import { LIMITS, RATIO_NAMES, failsCheck } from '../bench/limits.ts'

/** Ten times the entries: a cost that grew with them would be ten times as high. */
const MAX_GROWTH = 5
const LEDGERS = ['memory', 'sqlite', 'redis', 'deno_kv', 'durable_objects']

/** The ratios of the last line of the benchmark. @returns `undefined` if there is no such line */
const ratiosIn = (stdout: string): Readonly<Record<string, unknown>> | undefined => {
  const line = /^BENCH (\{.*\})$/.exec(stdout.trimEnd().split('\n').at(-1) ?? '')?.[1]
  return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>)
}

/**
 * What is wrong with the ratios of the benchmark, a line each: one that is missing, and one that is farther beyond its
 * limit than a noisy machine explains.
 * @param requireAll whether every ratio has to have been measured
 */
export const ratioProblems = (stdout: string, requireAll: boolean): string[] => {
  const ratios = ratiosIn(stdout)
  if (ratios === undefined) return ['the benchmark did not print its line of ratios']
  return RATIO_NAMES.flatMap((name) => {
    const ratio = ratios[name]
    if (ratio === undefined) return requireAll ? [`${name} was not measured`] : []
    if (typeof ratio === 'number' && !failsCheck(name, ratio)) return []
    const { bound, limit } = LIMITS[name]
    return [`${name} is ${String(ratio)}; it must be ${bound} ${limit}`]
  })
}

/**
 * Whether a call to each ledger costs about the same, however many entries there are.
 * @param requireAll whether every ledger has to have been measured
 */
export const staysFlat = (stdout: string, requireAll: boolean): boolean => {
  const line = /^BENCH_LEDGER (\{.*\})$/m.exec(stdout)?.[1] ?? '{}'
  const ratios = JSON.parse(line) as Record<string, Record<string, number>>
  const measured = LEDGERS.filter((name) => name in ratios)
  if (requireAll && measured.length < LEDGERS.length) return false
  const all = measured.flatMap((name) => Object.values(ratios[name] ?? {}))
  return all.length > 0 && all.every((ratio) => ratio < MAX_GROWTH)
}

/** Whether the last line says what the Worker costs to start. The figures are shown and never judged. */
export const hasStartCosts = (stdout: string): boolean =>
  /^BENCH_WORKER \{"start_ms":[0-9.]+,.*"first_challenge_ratio":[0-9.]+[,}]/.test(
    stdout.trimEnd().split('\n').at(-1) ?? '',
  )
