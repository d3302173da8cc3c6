// One request to the metadata service, retried while the service is not available. Limits and
// retries are the same as in bootstrap.sh.

import type { Bytes } from '../base/bytes.ts'
import { type Timing, isTimeout, limited, readBytes, retryAfterSeconds } from '../base/timing.ts'
import type { MetadataFetch, MetadataFetchInit } from './direct-fetch.ts'
import { MetadataError } from './metadata-error.ts'
import {
  type Failure,
  type MetadataAttempts,
  type MetadataRetry,
  createPatience,
} from './patience.ts'

/** An answer that is neither 429 nor 5xx. */
export interface Answer {
  readonly status: number
  readonly bytes: Bytes
}

/** A request: GET, or the PUT for a token. */
export interface Call {
  /** With the version, from the first slash on, and with the query; percent-encoded. */
  readonly target: string
  readonly method?: MetadataFetchInit['method']
  readonly headers?: Readonly<Record<string, string>>
}

/** How to reach the service. */
export interface TransportOptions {
  /** Without a slash at the end. */
  readonly baseUrl: string
  /** For each attempt, the answer's body included. */
  readonly timeoutSeconds: number
  readonly attempts: MetadataAttempts
  readonly fetch: MetadataFetch
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined
  readonly timing: Timing
  /** Receives each call that failed and will be retried. Default: none. */
  readonly onRetry?: ((retry: MetadataRetry) => void) | undefined
}

const MAX_ANSWER_BYTES = 65_536

const readBody = async ({ body }: Response): Promise<Bytes> => {
  const bytes = await readBytes(body, MAX_ANSWER_BYTES)
  if (bytes !== undefined) return bytes
  const message = `the metadata service answers more than ${MAX_ANSWER_BYTES} bytes`
  throw new MetadataError(message, { code: 'too_large' })
}

/** The system's code of an error (ECONNREFUSED), wherever the platform puts it. */
const reasonOf = (error: unknown): string => {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } | null }
  const found = [code, cause?.code].find((name) => /^[A-Z_]{3,40}$/.test(String(name)))
  return found === undefined ? 'no connection' : String(found)
}

/**
 * Makes the function that sends requests.
 * @throws MetadataError `unreachable`, `unavailable` or `too_large`, or the reason of the signal;
 * all from the function that it returns
 */
export const createTransport = ({
  baseUrl,
  timeoutSeconds,
  attempts,
  fetch,
  signal: ended,
  timing,
  onRetry = () => undefined,
}: TransportOptions): ((call: Call) => Promise<Answer>) => {
  let hasAnswered = false

  const ask = async ({ target, method = 'GET', headers = {} }: Call, signal: AbortSignal) => {
    const init = { method, headers, signal, redirect: 'manual' } as const
    const response = await fetch(baseUrl + target, init)
    hasAnswered = true
    return { response, bytes: await readBody(response) }
  }

  const attempt = async (call: Call): Promise<Answer | { readonly failure: Failure }> => {
    try {
      const limits = { seconds: timeoutSeconds, signal: ended }
      const { response, bytes } = await limited(limits, (signal) => ask(call, signal))
      const { status, headers } = response
      if (status !== 429 && status < 500) return { status, bytes }
      const askedSeconds = retryAfterSeconds(headers)
      return { failure: { status, reason: `status ${status}`, askedSeconds } }
    } catch (cause) {
      if (cause instanceof MetadataError || ended?.aborted) throw cause
      const reason = isTimeout(cause) ? `no answer within ${timeoutSeconds} s` : reasonOf(cause)
      return { failure: { cause, reason, askedSeconds: 0 } }
    }
  }

  return async (call) => {
    const options = { baseUrl, attempts, timing, signal: ended, onRetry }
    const afterFailure = createPatience({ ...options, hasAnswered: () => hasAnswered })
    for (;;) {
      const answer = await attempt(call)
      if (!('failure' in answer)) return answer
      await afterFailure(answer.failure)
    }
  }
}
