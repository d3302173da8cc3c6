// What the benchmark has to show.

/** Ten times the entries: a cost that grew with them would be ten times as high. */
const MAX_GROWTH = 5
const LEDGERS = ['memory', 'sqlite', 'redis', 'deno_kv', 'durable_objects']

/** Whether the last line of the benchmark is there, with every ratio in it. */
export const hasRatios = (stdout: string): boolean =>
  /^BENCH \{"verify_ratio":[0-9.]+,"enroll_ratio":[0-9.]+,"asn1_cms_ratio":[0-9.]+,"pkijs_ratio":[0-9.]+\}$/.test(
    stdout.trimEnd().split('\n').at(-1) ?? '',
  )

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
  /^BENCH_WORKER \{"start_ms":[0-9.]+,.*"first_challenge_ratio":[0-9.]+\}$/.test(
    stdout.trimEnd().split('\n').at(-1) ?? '',
  )
