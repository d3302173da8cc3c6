// The keys of an issuer, kept: fetched when first needed, again when they are old, and for a key that is not known, but
// not so often that somebody who invents names of keys could make us call the issuer all the time.

import { type Result, accept, refuse } from '../base/result.ts'
import { SYSTEM_TIMING, type Timer, type Timing, startTimer, within } from '../base/timing.ts'
import type { PublicKey } from '../token/public-key.ts'
import { FETCH_SECONDS, type NoKeys } from './discovery.ts'

/** How long keys are used before they are fetched again, in seconds: the `max-age` of the service. */
const FRESH_SECONDS = 300
/** Least time between two fetches while there are keys, in seconds. */
const PAUSE_SECONDS = 30
/** The same while there are none: then no token can be verified. */
const FIRST_PAUSE_SECONDS = 1

/** The clocks that are used. */
export type Clocks = Pick<Timing, 'now' | 'elapsed'>

/** Reads both clocks. */
type Instant = readonly [now: number, elapsed: number]

/** A fetch that was tried. */
interface Attempt {
  readonly at: Instant
  readonly failure?: NoKeys
}

/** Finds keys. */
export interface KeySource {
  /** The keys now; those of the last fetch that succeeded. A refusal says why there are none. */
  current(): Promise<Result<readonly PublicKey[], NoKeys>>
  /**
   * The keys after a key was not found among {@link current}: fetched again, if the last fetch is not too recent. A
   * refusal: the last fetch failed, so the key may exist.
   */
  renewed(): Promise<Result<readonly PublicKey[], NoKeys>>
}

/** What a source of keys is made of. */
export interface KeySourceOptions {
  /** Gets the keys. It never throws. */
  readonly fetchKeys: () => Promise<Result<readonly PublicKey[], NoKeys>>
  /** How old the last good keys may become while fetches fail, in seconds. */
  readonly staleSeconds: number
  /** Default: the platform's. */
  readonly clocks?: Clocks | undefined
  /** Default: the platform's. */
  readonly timer?: Timer | undefined
}

/** Makes a source of keys. Nothing is fetched before the first call. */
export const createKeySource = ({
  fetchKeys,
  staleSeconds,
  clocks = SYSTEM_TIMING,
  timer = startTimer,
}: KeySourceOptions): KeySource => {
  let good: { readonly keys: readonly PublicKey[]; readonly at: Instant } | undefined
  let last: Attempt | undefined
  let pending: Promise<void> | undefined

  const instant = (): Instant => [clocks.now(), clocks.elapsed()]
  // By the clock that is ahead: one can be set back, the other stands still while a machine sleeps.
  const age = ([now, elapsed]: Instant): number =>
    Math.max(clocks.now() - now, clocks.elapsed() - elapsed)

  const usable = (): readonly PublicKey[] | undefined =>
    good !== undefined && age(good.at) <= Math.max(FRESH_SECONDS, staleSeconds)
      ? good.keys
      : undefined

  const attempt = async (): Promise<void> => {
    // Of the beginning: a key that was published during the fetch may be missing in it.
    const at = instant()
    const fetched = await fetchKeys()
    // One that was given up may end after a later one.
    if (last !== undefined && last.at[1] > at[1]) return
    last = fetched.ok ? { at } : { at, failure: fetched.refusal }
    if (fetched.ok) good = { keys: fetched.value, at }
  }

  /** One fetch at a time for all callers. */
  const refresh = async (): Promise<void> => {
    const shared = (pending ??= attempt().finally(
      () => void (pending === shared && (pending = undefined)),
    ))
    // A fetch belongs to the request that began it. On Workers it never settles if that request is cancelled.
    const giveUp = (): void => {
      if (pending !== shared) return
      pending = undefined
      last = { at: instant(), failure: { detail: 'the call of the issuer did not end' } }
    }
    await within(FETCH_SECONDS + 1, shared, giveUp, timer)
  }

  const mayFetch = (): boolean => {
    const pause = usable() === undefined ? FIRST_PAUSE_SECONDS : PAUSE_SECONDS
    return pending !== undefined || last === undefined || age(last.at) >= pause
  }

  const keysOrFailure = (): Result<readonly PublicKey[], NoKeys> => {
    const keys = usable()
    return keys === undefined ? refuse(last?.failure ?? { detail: 'not fetched' }) : accept(keys)
  }

  return {
    async current() {
      const isFresh = good !== undefined && age(good.at) < FRESH_SECONDS
      // While the issuer does not answer, one caller waits for it; the others go on with the keys that there are.
      const othersWait = pending !== undefined && last?.failure !== undefined && usable()
      if (!isFresh && !othersWait && mayFetch()) await refresh()
      return keysOrFailure()
    },
    async renewed() {
      if (mayFetch()) await refresh()
      return last?.failure === undefined ? keysOrFailure() : refuse(last.failure)
    },
  }
}
