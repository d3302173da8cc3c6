// The time in a proof of a bound token, its `iat`: a verifier accepts a minute around its own clock. The clock of an
// instance may be wrong at boot, but the token has the time of the service, and a monotonic clock measures the rest.

import type { Timing } from '../base/timing.ts'
import { isTime } from '../token/claims.ts'
import { readUnverified } from '../token/unverified.ts'

/** A token of which a proof is made. */
export interface TokenToProve {
  /** The token that the request shows. */
  readonly accessToken: string
  /**
   * When the token was asked for, by `elapsed()` of the same clocks; `askedAt` of an enrollment. Default: unknown, and
   * the wall clock is used.
   */
  readonly askedAt?: number | undefined
}

/**
 * The time for a proof of a bound token. With `askedAt` it is the `iat` of the token plus the monotonic time since then.
 * With the token alone it is the wall clock, brought into the life of the token (`iat` to `exp`).
 * @param token with `askedAt`, the wall clock does not matter
 * @param clocks the same as of the enrollment
 * @returns Unix seconds, for `now` of a proof
 * @example
 * ```ts
 * import { proofTime } from 'rollcall/client'
 *
 * // The claims are {"iat":1800000000,"exp":1800000300}.
 * const accessToken = 'e30.eyJpYXQiOjE4MDAwMDAwMDAsImV4cCI6MTgwMDAwMDMwMH0.AA'
 * // The wall clock is wrong by years, but ten seconds have passed since the token was asked for.
 * const clocks = { now: () => 0, elapsed: () => 15 }
 * console.log(proofTime({ accessToken, askedAt: 5 }, clocks)) // 1800000010
 * ```
 * @see RFC 9449 section 11.1
 */
export const proofTime = (
  { accessToken, askedAt }: TokenToProve,
  { now, elapsed }: Pick<Timing, 'now' | 'elapsed'>,
): number => {
  const { iat, exp } = readUnverified(accessToken)?.claims ?? {}
  const issuedAt = isTime(iat) ? iat : -Infinity
  if (askedAt !== undefined && isTime(iat)) return issuedAt + Math.max(0, elapsed() - askedAt)
  return Math.max(issuedAt, Math.min(now(), isTime(exp) ? exp : Infinity))
}
