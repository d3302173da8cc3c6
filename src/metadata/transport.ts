// One request to the metadata service, and its repetition while the service doesn't answer: the same
// limits and the same patience as bootstrap.sh has.

import type { Bytes } from '../base/bytes.ts'
import {
  type Backoff,
  type Timing,
  backoffSeconds,
  isTimeout,
  limited,
  readBytes,
  retryAfterSeconds,
} from '../base/timing.ts'
import type { Fetch, FetchInit } from './direct-fetch.ts'
import { MetadataError } from './metadata-error.ts'

/** An answer that is neither 429 nor 5xx. */
export interface Answer {
  readonly status: number
  readonly bytes: Bytes
}

/** A request: GET, or the one PUT. */
export interface Call {
  /** With the version, from the first slash on, and with the query. */
  readonly target: string
  readonly method?: FetchInit['method']
  readonly headers?: Readonly<Record<string, string>>
}

/** How to reach the service. */
export interface TransportOptions {
  /** Without a slash at the end. */
  readonly baseUrl: string
  /** For each attempt, the answer's body included. */
  readonly timeoutSeconds: number
  readonly attempts: number
  readonly fetch: Fetch
  /** Ends what is under way. */
  readonly signal?: AbortSignal | undefined
  readonly timing: Timing
}

const MAX_ANSWER_BYTES = 65_536
const BACKOFF: Backoff = { firstSeconds: 2, maxSeconds: 32 }

const NOT_ECS =
  'this seems not to be an ECS instance in a VPC (or a firewall keeps this process from the service)'

const readBody = async ({ body }: Response): Promise<Bytes> => {
  const bytes = await readBytes(body, MAX_ANSWER_BYTES)
  if (bytes !== undefined) return bytes
  const message = `the metadata service answers more than ${MAX_ANSWER_BYTES} bytes`
  throw new MetadataError(message, { code: 'too_large' })
}

/** What happened to an attempt that may be repeated. */
interface Failure {
  readonly status?: number
  readonly cause?: unknown
  readonly what: string
  /** What the answer asks for before the next attempt. */
  readonly askedSeconds: number
}

/** The system's word for it (ECONNREFUSED), wherever the platform puts it. */
const reasonOf = (error: unknown): string => {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } | null }
  const found = [code, cause?.code].find((name) => /^[A-Z_]{3,40}$/.test(String(name)))
  return found === undefined ? 'no connection' : String(found)
}

/**
 * Makes what sends requests.
 * @throws MetadataError `unreachable`, `unavailable` or `too_large`, or the reason of the signal, from the
 *   function that it returns
 */
export const createTransport = ({
  baseUrl,
  timeoutSeconds,
  attempts,
  fetch,
  signal: ended,
  timing,
}: TransportOptions): ((call: Call) => Promise<Answer>) => {
  const ask = async ({ target, method = 'GET', headers = {} }: Call, signal: AbortSignal) => {
    const init = { method, headers, signal, redirect: 'manual' } as const
    const response = await fetch(baseUrl + target, init)
    return { response, bytes: await readBody(response) }
  }

  const attempt = async (call: Call): Promise<Answer | { readonly failure: Failure }> => {
    try {
      const limits = { seconds: timeoutSeconds, signal: ended }
      const { response, bytes } = await limited(limits, (signal) => ask(call, signal))
      const { status, headers } = response
      if (status !== 429 && status < 500) return { status, bytes }
      const askedSeconds = retryAfterSeconds(headers)
      return { failure: { status, what: `status ${status}`, askedSeconds } }
    } catch (cause) {
      if (cause instanceof MetadataError || ended?.aborted) throw cause
      const what = isTimeout(cause) ? `no answer in ${timeoutSeconds} s` : reasonOf(cause)
      return { failure: { cause, what, askedSeconds: 0 } }
    }
  }

  return async (call) => {
    for (let failures = 1; ; failures++) {
      const answer = await attempt(call)
      if (!('failure' in answer)) return answer
      const { status, cause, what, askedSeconds } = answer.failure
      if (failures < attempts) {
        const wait = backoffSeconds(failures, BACKOFF, timing.random(), askedSeconds)
        await timing.wait(wait, ended)
        continue
      }
      if (status === undefined) {
        const message = `no metadata service at ${baseUrl} (${what})`
        throw new MetadataError(message, { code: 'unreachable', remedy: NOT_ECS, cause })
      }
      const message = `the metadata service at ${baseUrl} is not available (${what})`
      throw new MetadataError(message, { code: 'unavailable', remedy: 'try again later', status })
    }
  }
}
