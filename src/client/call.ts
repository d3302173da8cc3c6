// One call of a service: with a limit on time and size. No redirect is followed, because the body
// is meant for this service only.

import { fromUtf8 } from '../base/bytes.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { SYSTEM_TIMING, type Timing, limited, readBytes } from '../base/timing.ts'
import { type NoAnswer, noAnswer } from './no-answer.ts'

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** How to reach a service. */
export interface Reach {
  /** Default: the platform's. */
  readonly fetch?: Fetch | undefined
  /** Aborts the call, which then rejects with the signal's reason. Default: none. */
  readonly signal?: AbortSignal | undefined
  /** Limit of one call, its answer included, in seconds. Default: 15. */
  readonly timeoutSeconds?: number | undefined
  /** Clocks and waits, for tests. Default: the platform's. */
  readonly timing?: Timing | undefined
}

/** A call that failed and will be retried. */
export interface Retry {
  /** Why it failed. */
  readonly detail: string
  /** Seconds until the retry. */
  readonly waitSeconds: number
}

/** What to send. */
export interface Call {
  readonly url: string
  /** Default: `POST` if there is a body, else `GET`. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: URLSearchParams | string | undefined
  /** Longest answer. Default: 65,536. */
  readonly maxBytes?: number
}

/** An answer, whatever its status. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** How a call ended. */
export type CallResult = Result<Answer, NoAnswer>

const TIMEOUT_SECONDS = 15
const MAX_ANSWER_BYTES = 65_536

/** {@link Reach} with all defaults. */
export interface FullReach {
  readonly fetch: Fetch
  readonly signal: AbortSignal | undefined
  readonly timeoutSeconds: number
  readonly timing: Timing
}

/** Fills in the defaults. @throws RangeError for a time limit of 0 or less */
export const readReach = ({
  fetch = (url, init) => globalThis.fetch(url, init),
  signal,
  timeoutSeconds = TIMEOUT_SECONDS,
  timing = SYSTEM_TIMING,
}: Reach): FullReach => {
  if (!(timeoutSeconds > 0)) throw new RangeError('timeoutSeconds: expected more than 0')
  return { fetch, signal, timeoutSeconds, timing }
}

/** Checks a number of attempts. @throws RangeError */
export const checkCount = (name: string, count: number, min: number): void => {
  if (!Number.isSafeInteger(count) || count < min) {
    throw new RangeError(`${name}: expected a whole number, at least ${min}`)
  }
}

/** Makes a call. @throws the reason of the signal */
export const callService = async (
  { url, body, method, headers = {}, maxBytes = MAX_ANSWER_BYTES }: Call,
  reach: Reach,
): Promise<CallResult> => {
  const { fetch, signal: ended, timeoutSeconds, timing } = readReach(reach)
  try {
    return await limited({ seconds: timeoutSeconds, signal: ended }, async (signal) => {
      const response = await fetch(url, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers,
        ...(body !== undefined && { body }),
        redirect: 'manual',
        signal,
      })
      const bytes = await readBytes(response.body, maxBytes)
      if (bytes === undefined) {
        const detail = `the answer is longer than ${maxBytes / 1024} KiB`
        const remedy = 'check the address: something else may answer there'
        return refuse({ code: 'unreachable', detail, remedy, passes: true })
      }
      const { status, headers: received } = response
      return accept({ status, text: fromUtf8(bytes) ?? '', headers: received })
    })
  } catch (error) {
    ended?.throwIfAborted()
    return refuse(noAnswer(error, { url, timeoutSeconds, now: timing.now() }))
  }
}

/** Parses JSON, or gives `undefined`. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
