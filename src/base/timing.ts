// Time limits, waits, back-off and bounded reads: one of each for the whole project. Every clock and timer
// can be replaced, so that a test waits for nothing.

import { type Bytes, concatBytes } from './bytes.ts'

/** Calls `due` once after so many seconds. @returns what takes it back */
export type Timer = (seconds: number, due: () => void) => () => void

/** Waits so many seconds. @param signal ends the wait; it then rejects with the signal's reason */
export type Wait = (seconds: number, signal?: AbortSignal) => Promise<void>

/** Everything that a client knows of time. */
export interface Timing {
  /** Unix time in seconds, with a fraction. Somebody may set this clock at any moment. */
  readonly now: () => number
  /** Seconds of a clock that nobody sets: only differences mean something. */
  readonly elapsed: () => number
  /** Waits some seconds. */
  readonly wait: Wait
  /** A number from 0 to below 1. It spreads retries, and decides nothing else. */
  readonly random: () => number
}

/** Longer delays overflow: platforms then call back at once. */
const MAX_DELAY_MS = 2_147_483_647

/** The platform's timer. */
export const startTimer: Timer = (seconds, due) => {
  const timer = setTimeout(due, Math.min(seconds * 1000, MAX_DELAY_MS))
  return () => clearTimeout(timer)
}

/** Makes a wait from a timer. */
export const waitBy =
  (timer: Timer): Wait =>
  (seconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const stop = (): void => {
        takeBack()
        reject(signal?.reason as Error)
      }
      const takeBack = timer(seconds, () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      })
      signal?.addEventListener('abort', stop, { once: true })
    })

/** The platform's clocks, timer and randomness. */
export const SYSTEM_TIMING: Timing = {
  now: () => Date.now() / 1000,
  elapsed: () => performance.now() / 1000,
  wait: /* @__PURE__ */ waitBy(startTimer),
  random: () => Math.random(),
}

/**
 * Waits for a promise, but not longer than a time limit. The work itself goes on.
 * @param late gives the result when time is up, or throws
 * @param timer default: the platform's
 */
export const within = async <Value>(
  seconds: number,
  work: Promise<Value>,
  late: () => Value,
  timer: Timer = startTimer,
): Promise<Value> => {
  let takeBack = (): void => undefined
  const over = new Promise<void>((resolve) => {
    takeBack = timer(seconds, resolve)
  }).then(late)
  try {
    return await Promise.race([work, over])
  } finally {
    takeBack()
  }
}

/** The limits of one piece of work. */
export interface Limits {
  readonly seconds: number
  /** The caller's own: it ends the work early. */
  readonly signal?: AbortSignal | undefined
  /** Default: the platform's. */
  readonly timer?: Timer | undefined
}

/**
 * Does something that a signal can end, such as a call over the network, within limits. The signal is set when
 * time is up and when the caller's own signal is; then this rejects, even if the work ignores the signal.
 * @throws DOMException `TimeoutError` when time is up; the reason of the caller's signal
 */
export const limited = async <Value>(
  { seconds, signal, timer = startTimer }: Limits,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> => {
  signal?.throwIfAborted()
  const controller = new AbortController()
  const ended = new Promise<never>((_, reject) => {
    const end = (): void => reject(controller.signal.reason as Error)
    controller.signal.addEventListener('abort', end, { once: true })
  })
  const forward = (): void => controller.abort(signal?.reason)
  signal?.addEventListener('abort', forward, { once: true })
  const takeBack = timer(seconds, () =>
    controller.abort(new DOMException(`not done within ${seconds} s`, 'TimeoutError')),
  )
  try {
    return await Promise.race([work(controller.signal), ended])
  } finally {
    takeBack()
    signal?.removeEventListener('abort', forward)
  }
}

/** Whether an error says that time was up. */
export const isTimeout = (error: unknown): boolean =>
  error instanceof Error && error.name === 'TimeoutError'

/**
 * Reads the body of an answer.
 * @returns `undefined` as soon as there are more than `maxBytes` bytes; the rest is not read
 */
export const readBytes = async (
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Bytes | undefined> => {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = body?.getReader()
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    length += part.value.length
    if (length > maxBytes) {
      // Not awaited: a sender that never ends could delay the cancellation too.
      void reader?.cancel().catch(() => undefined)
      return undefined
    }
    chunks.push(part.value)
  }
  return concatBytes(...chunks)
}

/** How long to wait before something that failed is tried again. */
export interface Backoff {
  /** Longest wait after the first failure, in seconds; it doubles with each failure. */
  readonly firstSeconds: number
  /** Longest wait after any failure. */
  readonly maxSeconds: number
}

/** The most that `Retry-After` is followed, in seconds. */
const MAX_ASKED_SECONDS = 60

/**
 * Seconds to wait before the next try: what the answer asked for, at most a minute, and a random part more, so
 * that clients that failed together do not come back together.
 * @param failures in a row, at least 1
 * @param random from 0 to below 1
 * @param askedSeconds see {@link retryAfterSeconds}. Default: 0
 */
export const backoffSeconds = (
  failures: number,
  { firstSeconds, maxSeconds }: Backoff,
  random: number,
  askedSeconds = 0,
): number =>
  Math.min(MAX_ASKED_SECONDS, askedSeconds) +
  random * Math.min(maxSeconds, firstSeconds * 2 ** (failures - 1))

/**
 * `Retry-After` (RFC 9110 section 10.2.3) in seconds; 0 if it is absent or malformed. A date counts from the
 * answer's own `Date`, since the clock of this machine may be wrong.
 */
export const retryAfterSeconds = (headers: Headers): number => {
  const asked = headers.get('Retry-After') ?? ''
  if (/^[0-9]{1,9}$/.test(asked)) return Number(asked)
  const seconds = (Date.parse(asked) - Date.parse(headers.get('Date') ?? '')) / 1000
  return Number.isNaN(seconds) ? 0 : Math.max(0, seconds)
}
