// An instance stays enrolled: it enrolls again at two thirds of each token's lifetime. Failures are
// retried until they succeed: a service that is down for a night must not end the clients that wait
// for it.

import { type Backoff, type Timing, backoffSeconds } from '../base/timing.ts'
import { countSuspension } from './awake-clock.ts'
import { readReach } from './call.ts'
import { ClientError } from './client-error.ts'
import { type EnrollOptions, enrollInstance } from './enroll.ts'
import type { Enrolled } from './protocol.ts'

/** A renewal that failed and will be retried. */
export interface RenewalFailure {
  /** A `ClientError`, or an unexpected error. */
  readonly error: unknown
  /** Seconds until the retry. */
  readonly waitSeconds: number
  /** Seconds for which the last token is still valid; 0 if it has expired. */
  readonly expiresInSeconds: number
}

/** When the next token comes. */
export interface NextRenewal {
  /** Seconds until the next enrollment; `undefined` after a token that can't be renewed. */
  readonly inSeconds: number | undefined
  /** Aborted when the next enrollment is due by either clock, or when the renewal ends. */
  readonly due: AbortSignal
}

/** Options of a renewal. */
export interface RenewOptions extends EnrollOptions {
  /**
   * Receives each token. The next enrollment waits until this function has ended, so stop your work
   * once `next.due` is aborted.
   */
  readonly onToken: (enrolled: Enrolled, next: NextRenewal) => Promise<void> | void
  /** Receives an error of `onToken`. The renewal continues, because the token itself is valid. */
  readonly onTokenError?: ((error: unknown) => void) | undefined
  /** Receives each renewal that failed. */
  readonly onFailure?: ((failure: RenewalFailure) => void) | undefined
}

const RENEW_AT = 2 / 3
/** Up to a tenth earlier, so that instances that booted together do not return together for ever. */
const JITTER = 0.1
const MIN_WAIT_SECONDS = 1
/** The longest wait in one piece: a resumed machine looks at its clocks at most this long afterwards. */
const STEP_SECONDS = 5
const BACKOFF: Backoff = { firstSeconds: 2, maxSeconds: 60 }
/**
 * A refusal lasts until an operator lifts it, and each attempt makes the service write an audit
 * event.
 */
const REFUSED_BACKOFF: Backoff = { firstSeconds: 2, maxSeconds: 600 }

/** Seconds from `askedAt` to the next enrollment. @param random from 0 to below 1 */
export const renewalDelay = (lifetimeSeconds: number, random: number): number =>
  Math.max(MIN_WAIT_SECONDS, lifetimeSeconds * RENEW_AT * (1 - JITTER * random))

/** Waits until a moment of `timing.elapsed()`, in steps, since no timer runs while a machine is suspended. */
const waitUntil = async (
  moment: number,
  { elapsed, wait }: Timing,
  signal: AbortSignal | undefined,
): Promise<void> => {
  signal?.throwIfAborted()
  for (let left = moment - elapsed(); left > 0; left = moment - elapsed()) {
    await wait(Math.min(left, STEP_SECONDS), signal)
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof ClientError && error.code === 'enrollment_refused'

/** Enrolls until it works. */
const enrollAgain = async (options: RenewOptions, last: Enrolled): Promise<Enrolled> => {
  const { timing, signal } = readReach(options)
  for (let failures = 1; ; failures++) {
    try {
      return await enrollInstance(options)
    } catch (error) {
      signal?.throwIfAborted()
      const backoff = isRefusal(error) ? REFUSED_BACKOFF : BACKOFF
      const waitSeconds = backoffSeconds(failures, backoff, timing.random())
      const now = timing.elapsed()
      const left = Math.floor(last.askedAt + last.expiresInSeconds - now)
      options.onFailure?.({ error, waitSeconds, expiresInSeconds: Math.max(0, left) })
      await waitUntil(now + waitSeconds, timing, signal)
    }
  }
}

const notRenewable = ({ role, expiresInSeconds }: Enrolled): ClientError =>
  new ClientError(`the role ${role} does not let this instance enroll again`, {
    code: 'not_renewable',
    remedy:
      `The token is valid for ${expiresInSeconds} s; then an operator has to reset the instance. ` +
      'To stay enrolled, ask for a role with "same_key" or "always".',
  })

/**
 * Passes a token to `onToken`, and waits until the next one is due.
 * @throws ClientError `not_renewable`
 */
const deliver = async (options: RenewOptions, enrolled: Enrolled): Promise<void> => {
  const { timing, signal } = readReach(options)
  const { askedAt, expiresInSeconds, renewable } = enrolled
  const isLast = renewable === false
  const moment = askedAt + renewalDelay(expiresInSeconds, timing.random())
  const inSeconds = isLast ? undefined : Math.max(0, moment - timing.elapsed())
  const due = new AbortController()
  const end = (): void => due.abort()
  signal?.addEventListener('abort', end, { once: true })
  const hand = async (): Promise<void> => {
    try {
      await options.onToken(enrolled, { inSeconds, due: due.signal })
    } catch (error) {
      options.onTokenError?.(error)
    }
  }
  // Waits for both, so that the work for this token has ended before the next one.
  const outcomes = await Promise.allSettled([
    hand(),
    isLast ? undefined : waitUntil(moment, timing, signal).finally(end),
  ])
  signal?.removeEventListener('abort', end)
  signal?.throwIfAborted()
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  if (isLast) throw notRenewable(enrolled)
}

/**
 * Enrolls this instance, and keeps it enrolled. The next enrollment is due at two thirds of the
 * token's lifetime, by the monotonic clock or by the wall clock, whichever comes first: the
 * monotonic clock stops while the machine is suspended. A refused renewal is retried at most ten
 * minutes apart, since an operator can lift a ban or reset the instance; every other failure is
 * retried at most a minute apart.
 * @param options `issuer` and `onToken` are required
 * @returns never; `signal` ends it
 * @throws ClientError `not_renewable`, after `onToken` got a token whose role does not let the
 * instance enroll again
 * @throws what {@link enrollInstance} throws, if the first enrollment fails
 * @throws the reason of `signal`
 * @example
 * ```ts
 * import { ClientError, renewEnrollment } from 'rollcall/client'
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { createMemoryLedger } from 'rollcall/ledger/memory'
 * import { createMetadataClient } from 'rollcall/metadata'
 * import { createService, parseConfig } from 'rollcall/service'
 *
 * // On ECS leave `fetch` and `metadata` out. Here a service and an instance run in this process.
 * const emulator = await createMetadataEmulator()
 * const issuer = 'http://localhost:8787'
 * const config = await parseConfig({
 *   ROLLCALL_ISSUER: issuer,
 *   ROLLCALL_SIGNING_KEYS: process.env['ROLLCALL_SIGNING_KEYS'],
 *   ROLLCALL_TRUST_ANCHORS: emulator.certificatePem,
 *   ROLLCALL_POLICY: JSON.stringify({
 *     roles: {
 *       worker: {
 *         match: { owner_account_id: [emulator.instances[0]?.ownerAccountId] },
 *         token: { audience: ['https://cluster.example'] },
 *         reenrollment: 'always',
 *       },
 *     },
 *   }),
 * })
 * const service = await createService({ config, ledger: createMemoryLedger(0), audit: () => {} })
 *
 * const stop = new AbortController()
 * try {
 *   await renewEnrollment({
 *     issuer,
 *     role: 'worker',
 *     signal: stop.signal,
 *     fetch: (url, init) => service.fetch(new Request(url, init)),
 *     metadata: createMetadataClient({ fetch: emulator.fetch }),
 *     onToken({ expiresInSeconds }, { inSeconds = 0 }) {
 *       console.log(expiresInSeconds, inSeconds < 200) // 300 true
 *       stop.abort()
 *     },
 *   })
 * } catch (error) {
 *   if (error instanceof ClientError) throw error
 * }
 * ```
 */
export const renewEnrollment = async (options: RenewOptions): Promise<never> => {
  const awake = { ...options, timing: countSuspension(readReach(options).timing) }
  let enrolled = await enrollInstance(awake)
  for (;;) {
    await deliver(awake, enrolled)
    enrolled = await enrollAgain(awake, enrolled)
  }
}
