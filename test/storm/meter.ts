// What the clients of a storm measure: one sample a call, and the time from boot to token. Percentiles are exact.

/** A call of the service, as a client saw it. */
export interface Sample {
  readonly call: 'challenge' | 'enroll'
  /** When it was answered, in seconds from the beginning. */
  readonly atSeconds: number
  readonly ms: number
  /** Status of the answer; 0 if the client saw none. */
  readonly status: number
}

/** Some times, in milliseconds. */
export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/**
 * The value at a fraction of sorted values, by the nearest rank.
 * @param sorted ascending, not empty
 */
export const rank = (sorted: ArrayLike<number>, fraction: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? 0

/** The percentiles of some times; all are 0 if there are none. */
export const percentiles = (ms: readonly number[]): Percentiles => {
  const sorted = Float64Array.from(ms).toSorted()
  return {
    count: sorted.length,
    p50: rank(sorted, 0.5),
    p99: rank(sorted, 0.99),
    p999: rank(sorted, 0.999),
    max: rank(sorted, 1),
  }
}

/** One second of a storm: the times of the enrollments that were answered with a token in it. */
export interface Second extends Percentiles {
  readonly atSecond: number
  /** Calls that were answered with 5xx, or not at all. */
  readonly failed: number
}

/** The seconds of a storm in which a call ended, in order. */
export const bySecond = (samples: readonly Sample[]): readonly Second[] => {
  const seconds = new Map<number, { times: number[]; failed: number }>()
  for (const { call, atSeconds, ms, status } of samples) {
    const atSecond = Math.floor(atSeconds)
    const second = seconds.get(atSecond) ?? { times: [], failed: 0 }
    seconds.set(atSecond, second)
    if (status === 0 || status >= 500) second.failed++
    else if (call === 'enroll' && status === 200) second.times.push(ms)
  }
  return [...seconds]
    .toSorted(([a], [b]) => a - b)
    .map(([atSecond, { times, failed }]) => ({ atSecond, failed, ...percentiles(times) }))
}
