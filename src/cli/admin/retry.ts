// When and how long to wait before a call is made again: for what passes by itself, and never for long.

const FIRST_WAIT_MS = 500
const MAX_WAIT_MS = 30_000

/** Statuses that pass: too many requests, and a service or a proxy before it that can't answer now. */
export const PASSING_STATUSES: readonly number[] = [429, 502, 503, 504]

/** `Retry-After` (RFC 9110 section 10.2.3) in milliseconds; 0 if it isn't there or says nothing. */
const askedFor = (retryAfter: string | null, nowMs: number): number => {
  if (retryAfter === null) return 0
  const seconds = /^[0-9]{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined
  const ms = seconds === undefined ? Date.parse(retryAfter) - nowMs : seconds * 1000
  return Number.isNaN(ms) ? 0 : Math.max(0, ms)
}

/**
 * How long to wait, in milliseconds: twice as long each time, or as long as the service asks for, and
 * never above 30 seconds.
 * @param tries made so far, at least 1
 * @param random from 0 to below 1, so that many clients don't come back at once
 */
export const waitMs = (
  tries: number,
  retryAfter: string | null,
  nowMs: number,
  random: number,
): number => {
  const backoff = FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + random / 2)
  return Math.min(MAX_WAIT_MS, Math.max(backoff, askedFor(retryAfter, nowMs)))
}
