// `--renew`: stays, and enrolls again at two thirds of each token's lifetime. Whatever fails is tried
// again until it works: a service that is down for a night must not end the instances that wait for it.

import { CommandError, redact, say } from '../exit-status.ts'
import { thisRun } from '../run.ts'
import { type Enrolled, elapsedSeconds } from './enrollment.ts'

const RENEW_AT = 2 / 3
/** Up to a tenth earlier, so that instances that booted together don't come together for ever. */
const JITTER = 0.1
const MIN_WAIT_SECONDS = 1
const FIRST_BACKOFF_SECONDS = 2
const MAX_BACKOFF_SECONDS = 60

/** Seconds from `askedAt` to the next enrollment. @param random from 0 to below 1 */
export const renewalDelay = (lifetimeSeconds: number, random: number): number =>
  Math.max(MIN_WAIT_SECONDS, lifetimeSeconds * RENEW_AT * (1 - JITTER * random))

/** Seconds before a renewal that failed is tried again. @param failures in a row, at least 1 */
const backoffSeconds = (failures: number, random: number): number =>
  Math.min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (failures - 1)) * (0.5 + random / 2)

const sleepUntil = (time: number): Promise<void> =>
  thisRun().timing.wait(Math.max(0, time - elapsedSeconds()))

/** What renewing works with. */
export interface RenewOptions {
  readonly enroll: () => Promise<Enrolled>
  /** Gets each token, and the seconds until the next one. */
  readonly deliver: (enrolled: Enrolled, limitSeconds: number) => Promise<void>
}

const untilExpiry = ({ askedAt, expiresInSeconds }: Enrolled): string => {
  const left = Math.floor(askedAt + expiresInSeconds - elapsedSeconds())
  return left > 0 ? `the token is good for ${left} s more` : 'the token has expired'
}

/** Says why, without what could be a secret; errors that nobody expects don't end the renewal either. */
const messageOf = (error: unknown): string =>
  error instanceof CommandError
    ? error.message
    : `unexpected: ${redact(error instanceof Error ? error.message : 'no error')}`

/** Delivers, and tells of a command that failed: the token is good all the same. */
const deliverOrTell = async (
  { deliver }: RenewOptions,
  enrolled: Enrolled,
  next: number,
): Promise<void> => {
  const limit = Math.max(MIN_WAIT_SECONDS, Math.round(next - elapsedSeconds()))
  await deliver(enrolled, limit).catch((error: unknown) => say(messageOf(error)))
}

/** Renews for ever. @param first the enrollment that began it; not delivered yet */
export const renewForEver = async (options: RenewOptions, first: Enrolled): Promise<never> => {
  const nextOf = (enrolled: Enrolled): number =>
    enrolled.askedAt + renewalDelay(enrolled.expiresInSeconds, Math.random())
  let enrolled = first
  for (;;) {
    const next = nextOf(enrolled)
    await deliverOrTell(options, enrolled, next)
    await sleepUntil(next)
    for (let failures = 1; ; failures++) {
      try {
        enrolled = await options.enroll()
        break
      } catch (error) {
        const wait = backoffSeconds(failures, Math.random())
        say(`${messageOf(error)}\n${untilExpiry(enrolled)}; renewing again in ${wait.toFixed(1)} s`)
        await thisRun().timing.wait(wait)
      }
    }
  }
}
