// How often one call of the metadata service is tried, and what is said while it is tried again: as patient as with
// the rollcall service where the metadata service is there, quick where nothing has ever answered.

import { type Backoff, type Timing, backoffSeconds } from '../base/timing.ts'
import { MetadataError } from './metadata-error.ts'

/** How often a call is tried, 1 to 100 each. */
export interface MetadataAttempts {
  /**
   * While the service answers 429 or 5xx, while it has answered before and is silent now, and while the network is
   * unreachable (an instance that boots). Default: 10.
   */
  readonly unavailable: number
  /** While nothing has ever answered: off ECS nothing does. Default: 3. */
  readonly unanswered: number
}

/** A call that failed and is about to be made again. */
export interface MetadataRetry {
  /** What happened, as in `the metadata service answered 503`. */
  readonly detail: string
  /** Seconds until the next try. */
  readonly waitSeconds: number
}

/** A try that failed. */
export interface Failure {
  /** Of the answer, if there was one. */
  readonly status?: number | undefined
  /** The system's word for it, such as `ECONNREFUSED`, or what took too long. */
  readonly reason: string
  readonly cause?: unknown
  /** What the answer asks for before the next try; 0 if nothing. */
  readonly askedSeconds: number
}

/** The most that can be asked for. */
export const MAX_ATTEMPTS = 100
/** What is done if nothing is asked for. */
export const DEFAULT_ATTEMPTS: MetadataAttempts = { unavailable: 10, unanswered: 3 }

/** At most so many tries, whatever the cause; still few while nothing has ever answered. */
export const attemptsUpTo = (limit: number): MetadataAttempts => ({
  unavailable: Math.min(limit, MAX_ATTEMPTS),
  unanswered: Math.min(limit, DEFAULT_ATTEMPTS.unanswered),
})

const BACKOFF: Backoff = { firstSeconds: 2, maxSeconds: 32 }
/** No route yet, or no name service yet: what a machine that boots says of its network. */
const NO_NETWORK: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'EAI_AGAIN',
])

/** What OpenSSL says where the other side speaks no TLS, or shows a certificate: the metadata service has none. */
const TLS = /^(?:EPROTO$|ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/

/** What a failed try is called while it is tried again. */
const describe = ({ status, reason }: Failure): string => {
  if (status !== undefined) return `the metadata service answered ${status}`
  if (NO_NETWORK.has(reason))
    return `the network of the metadata service is unreachable (${reason})`
  return `the metadata service did not answer (${reason})`
}

/** The error of a call that was tried often enough. */
const finalError = (
  { status, reason, cause }: Failure,
  baseUrl: string,
  hasAnswered: boolean,
): MetadataError => {
  if (status !== undefined) {
    const isThrottled = status === 429
    return new MetadataError(
      `the metadata service at ${baseUrl} is not available (status ${status})`,
      {
        code: 'unavailable',
        status,
        remedy: isThrottled
          ? 'it limits how often this instance may ask: ask less often'
          : 'try again later',
      },
    )
  }
  const details = { code: 'unreachable', cause } as const
  if (NO_NETWORK.has(reason)) {
    return new MetadataError(`the metadata service at ${baseUrl} is unreachable (${reason})`, {
      ...details,
      remedy: 'does this machine have its network, and a route to that address?',
    })
  }
  if (hasAnswered) {
    return new MetadataError(`the metadata service at ${baseUrl} does not answer (${reason})`, {
      ...details,
      remedy: 'try again later',
    })
  }
  return new MetadataError(`no metadata service at ${baseUrl} (${reason})`, {
    ...details,
    remedy: 'is this an ECS instance in a VPC?',
  })
}

/** What there is to know to be patient with one call. */
export interface PatienceOptions {
  readonly baseUrl: string
  readonly attempts: MetadataAttempts
  readonly timing: Pick<Timing, 'wait' | 'random'>
  readonly signal?: AbortSignal | undefined
  readonly onRetry: (retry: MetadataRetry) => void
  /** Whether anything has ever answered at that address. */
  readonly hasAnswered: () => boolean
}

/**
 * Makes what is called after each failed try of one call: it waits until the next one is due.
 * @throws MetadataError `unavailable` or `unreachable`, from the function that it returns, after too many
 */
export const createPatience = ({
  baseUrl,
  attempts,
  timing,
  signal,
  onRetry,
  hasAnswered,
}: PatienceOptions): ((failure: Failure) => Promise<void>) => {
  let failures = 0
  let unanswered = 0
  return async (failure) => {
    if (TLS.test(failure.reason)) {
      throw new MetadataError(`no connection to ${baseUrl} (${failure.reason})`, {
        code: 'unreachable',
        cause: failure.cause,
        remedy: 'the metadata service has no TLS: write http:// in its address',
      })
    }
    failures++
    const isThere = failure.status !== undefined || hasAnswered() || NO_NETWORK.has(failure.reason)
    if (!isThere) unanswered++
    const isOver = isThere ? failures >= attempts.unavailable : unanswered >= attempts.unanswered
    if (isOver) throw finalError(failure, baseUrl, hasAnswered())
    const waitSeconds = backoffSeconds(failures, BACKOFF, timing.random(), failure.askedSeconds)
    onRetry({ detail: describe(failure), waitSeconds })
    await timing.wait(waitSeconds, signal)
  }
}
