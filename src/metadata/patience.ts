// How often one call of the metadata service is tried, and the errors and notices of retries. If
// the metadata service has answered before, there are as many attempts as for the rollcall service.
// If nothing has ever answered, there are few.

import { type Backoff, type Timing, backoffSeconds } from '../base/timing.ts'
import { MetadataError } from './metadata-error.ts'

/** How often a call is tried, 1 to 100 each. */
export interface MetadataAttempts {
  /**
   * While the service answers 429 or 5xx, or has answered before and is silent now, or the network
   * is unreachable because the instance boots. Default: 10.
   */
  readonly unavailable: number
  /** As long as nothing has ever answered, as outside ECS. Default: 3. */
  readonly unanswered: number
}

/** A call that failed and will be retried. */
export interface MetadataRetry {
  /** What happened, as in `the metadata service answered 503`. */
  readonly detail: string
  /** Seconds until the retry. */
  readonly waitSeconds: number
}

/** A try that failed. */
export interface Failure {
  /** Of the answer, if there was one. */
  readonly status?: number | undefined
  /** The system's error code, such as `ECONNREFUSED`, or a text about the timeout. */
  readonly reason: string
  readonly cause?: unknown
  /** The wait that the answer requests; 0 if none. */
  readonly askedSeconds: number
}

/** The highest number of attempts. */
export const MAX_ATTEMPTS = 100
/** The default numbers. */
export const DEFAULT_ATTEMPTS: MetadataAttempts = { unavailable: 10, unanswered: 3 }

/** At most so many attempts for any cause; still few as long as nothing has ever answered. */
export const attemptsUpTo = (limit: number): MetadataAttempts => ({
  unavailable: Math.min(limit, MAX_ATTEMPTS),
  unanswered: Math.min(limit, DEFAULT_ATTEMPTS.unanswered),
})

const BACKOFF: Backoff = { firstSeconds: 2, maxSeconds: 32 }
/** No route yet, or no DNS yet: error codes of a machine that boots. */
const NO_NETWORK: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'EAI_AGAIN',
])

/**
 * Errors of OpenSSL if the other side speaks no TLS, or sends a certificate. The metadata service
 * has no TLS.
 */
const TLS = /^(?:EPROTO$|ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/

/** The notice of a failed attempt that will be retried. */
const describe = ({ status, reason }: Failure): string => {
  if (status !== undefined) return `the metadata service answered ${status}`
  if (NO_NETWORK.has(reason))
    return `the network of the metadata service is unreachable (${reason})`
  return `the metadata service did not answer (${reason})`
}

/** The error of a call after its last attempt. */
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

/** The state of one call and its retries. */
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
 * Makes the function that is called after each failed attempt of one call. It waits until the next
 * attempt is due.
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
