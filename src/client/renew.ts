// An instance stays enrolled: it enrolls again at two thirds of each token's lifetime. Whatever fails is tried
// again until it works: a service that is down for a night must not end the instances that wait for it.

import { type Backoff, backoffSeconds } from '../base/timing.ts'
import { readReach } from './call.ts'
import { type EnrollOptions, enrollInstance } from './enroll.ts'
import type { Enrolled } from './protocol.ts'

/** A renewal that failed and is tried again. */
export interface RenewalFailure {
  /** A `ClientError`, or what nobody expected. */
  readonly error: unknown
  /** Seconds until the next try. */
  readonly waitSeconds: number
  /** Seconds that the last token is good for; 0: it has expired. */
  readonly expiresInSeconds: number
}

/** What renewing needs. */
export interface RenewOptions extends EnrollOptions {
  /**
   * Gets each token. The next one is asked for when this has ended.
   * @param nextInSeconds until the next enrollment
   */
  readonly onToken: (enrolled: Enrolled, nextInSeconds: number) => Promise<void> | void
  /** Is told of an error of `onToken`, which does not end the renewal: the token is good all the same. */
  readonly onTokenError?: ((error: unknown) => void) | undefined
  /** Is told of each renewal that failed. */
  readonly onFailure?: ((failure: RenewalFailure) => void) | undefined
}

const RENEW_AT = 2 / 3
/** Up to a tenth earlier, so that instances that booted together do not return together for ever. */
const JITTER = 0.1
const MIN_WAIT_SECONDS = 1
const BACKOFF: Backoff = { firstSeconds: 2, maxSeconds: 60 }

/** Seconds from `askedAt` to the next enrollment. @param random from 0 to below 1 */
export const renewalDelay = (lifetimeSeconds: number, random: number): number =>
  Math.max(MIN_WAIT_SECONDS, lifetimeSeconds * RENEW_AT * (1 - JITTER * random))

/** Enrolls until it works. */
const enrollAgain = async (options: RenewOptions, last: Enrolled): Promise<Enrolled> => {
  const { timing, signal } = readReach(options)
  for (let failures = 1; ; failures++) {
    try {
      return await enrollInstance(options)
    } catch (error) {
      signal?.throwIfAborted()
      const waitSeconds = backoffSeconds(failures, BACKOFF, timing.random())
      const left = Math.floor(last.askedAt + last.expiresInSeconds - timing.elapsed())
      options.onFailure?.({ error, waitSeconds, expiresInSeconds: Math.max(0, left) })
      await timing.wait(waitSeconds, signal)
    }
  }
}

/**
 * Enrolls this instance, and stays enrolled for ever.
 * @returns never; `signal` ends it
 * @throws what {@link enrollInstance} throws, if the first enrollment fails
 * @throws the reason of `signal`
 */
export const renewEnrollment = async (options: RenewOptions): Promise<never> => {
  const { timing, signal } = readReach(options)
  let enrolled = await enrollInstance(options)
  for (;;) {
    const { askedAt, expiresInSeconds } = enrolled
    const next = askedAt + renewalDelay(expiresInSeconds, timing.random())
    try {
      await options.onToken(enrolled, Math.max(0, next - timing.elapsed()))
    } catch (error) {
      options.onTokenError?.(error)
    }
    await timing.wait(Math.max(0, next - timing.elapsed()), signal)
    enrolled = await enrollAgain(options, enrolled)
  }
}
