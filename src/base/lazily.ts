// Values that are made when they are first needed. What has been made is at hand without a promise, so that a hot
// path waits for nothing.

import type { Result } from './result.ts'

/** A value, or a promise of it: `await` takes both. */
export type Awaitable<Value> = Value | Promise<Value>

/** Whether a value has to be waited for. One that is at hand is not: an `await` costs a turn. */
export const isPromise = <Value>(value: Awaitable<Value>): value is Promise<Value> =>
  typeof (value as { readonly then?: unknown } | undefined)?.then === 'function'

/**
 * Makes a value at the first call and keeps it. Until it is there, all calls get one promise. No failure is kept: a call
 * after a rejection tries again, and so does a call after `make` threw. A platform that fails once, such as at the import
 * of a key, would else fail until the process ends.
 */
export const lazily = <Value>(make: () => Awaitable<Value>): (() => Awaitable<Value>) => {
  let kept: { readonly value: Awaitable<Value> } | undefined
  return () => {
    if (kept !== undefined) return kept.value
    const value = make()
    kept = { value }
    if (isPromise(value)) {
      value.then(
        (made) => (kept = { value: made }),
        // Before any caller sees the rejection: all who try again share the next promise.
        () => (kept = undefined),
      )
    }
    return value
  }
}

/**
 * As {@link lazily}, for what may turn out to be unusable: a refusal is kept as a value is, and each call rejects with
 * it. What `make` throws may pass, so the next call tries again.
 */
export const lazilyJudged = <Value>(
  make: () => Promise<Result<Value, Error>>,
): (() => Awaitable<Value>) => {
  const judge = lazily(make)
  const valueOf = (judged: Result<Value, Error>): Awaitable<Value> =>
    judged.ok ? judged.value : Promise.reject(judged.refusal)
  return () => {
    const judged = judge()
    return isPromise(judged) ? judged.then(valueOf) : valueOf(judged)
  }
}
