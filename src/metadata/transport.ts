// One request to the metadata service, and its repetition while the service doesn't answer: the same
// limits and the same patience as bootstrap.sh has.

import { type Bytes, concatBytes } from '../base/bytes.ts'
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
}

const MAX_ANSWER_BYTES = 65_536
const MAX_RETRY_AFTER_SECONDS = 60
const FIRST_BACKOFF_SECONDS = 2

const NOT_ECS =
  'this seems not to be an ECS instance in a VPC (or a firewall keeps this process from the service)'

const sleep = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000))

const readBody = async ({ body }: Response): Promise<Bytes> => {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = body?.getReader()
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    length += part.value.length
    if (length > MAX_ANSWER_BYTES) {
      await reader?.cancel().catch(() => undefined)
      const message = `the metadata service answers more than ${MAX_ANSWER_BYTES} bytes`
      throw new MetadataError(message, { code: 'too_large' })
    }
    chunks.push(part.value)
  }
  return concatBytes(...chunks)
}

/** What happened to an attempt that may be repeated. */
interface Failure {
  readonly status?: number
  readonly cause?: unknown
  readonly what: string
  /** Before the next attempt. */
  readonly waitSeconds: number
}

const retryAfter = ({ headers }: Response): number => {
  const asked = /^\d{1,4}$/.exec(headers.get('Retry-After') ?? '')?.[0]
  return Math.min(Number(asked ?? 0), MAX_RETRY_AFTER_SECONDS)
}

/** The system's word for it (ECONNREFUSED), wherever the platform puts it. */
const reasonOf = (error: unknown): string => {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } | null }
  const found = [code, cause?.code].find((name) => /^[A-Z_]{3,40}$/.test(String(name)))
  return found === undefined ? 'no connection' : String(found)
}

/**
 * Makes what sends requests.
 * @throws MetadataError `unreachable`, `unavailable` or `too_large`, from the function that it returns
 */
export const createTransport = ({
  baseUrl,
  timeoutSeconds,
  attempts,
  fetch,
}: TransportOptions): ((call: Call) => Promise<Answer>) => {
  const attempt = async ({ target, method = 'GET', headers = {} }: Call) => {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000)
    try {
      const response = await fetch(baseUrl + target, {
        method,
        headers,
        signal,
        redirect: 'manual',
      })
      const { status } = response
      const answer: Answer = { status, bytes: await readBody(response) }
      if (status !== 429 && status < 500) return answer
      return { failure: { status, what: `status ${status}`, waitSeconds: retryAfter(response) } }
    } catch (cause) {
      if (cause instanceof MetadataError) throw cause
      const what = signal.aborted ? `no answer in ${timeoutSeconds} s` : reasonOf(cause)
      return { failure: { cause, what, waitSeconds: 0 } }
    }
  }

  return async (call) => {
    let failure: Failure | undefined
    let backoffSeconds = FIRST_BACKOFF_SECONDS
    for (let left = attempts; left > 0; left--) {
      if (failure !== undefined) {
        await sleep(failure.waitSeconds + Math.random() * backoffSeconds)
        backoffSeconds *= 2
      }
      const answer = await attempt(call)
      if (!('failure' in answer)) return answer
      failure = answer.failure
    }
    const { status, cause, what } = failure as Failure
    if (status === undefined) {
      const message = `no metadata service at ${baseUrl} (${what})`
      throw new MetadataError(message, { code: 'unreachable', remedy: NOT_ECS, cause })
    }
    const message = `the metadata service at ${baseUrl} is not available (${what})`
    throw new MetadataError(message, { code: 'unavailable', remedy: 'try again later', status })
  }
}
