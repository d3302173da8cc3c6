// A ledger whose epoch is watched. Every answer comes from a store whose epoch was seen on that very
// connection, at most five seconds before. A store that was emptied or exchanged under a running service is
// noticed; the calls during which that happens fail, so that nothing is issued on what was lost.

import { LedgerUnavailableError } from '../base/errors.ts'
import {
  MAX_AHEAD_SECONDS,
  type Epoch,
  checkEpoch,
  encodeEpoch,
  makeEpoch,
  readEpoch,
  rfc3339,
  storeEpoch,
} from './epoch.ts'
import type { OpenLedger, OpenStore } from './store.ts'

/** How long the epoch is taken as it was read. */
const CHECK_MS = 5_000
/** When a look is renewed beside the calls, so that hardly any call waits for one; and how often that is asked. */
const RENEW_MS = 4_000
const TICK_MS = 1_000
/** How often the epoch is read anew if connections change meanwhile, or others change it. */
const ATTEMPTS = 5

/** See {@link withEpoch}. */
export interface EpochOptions {
  /** The service's name. */
  readonly issuer: string
  /** Takes a line for the operator: that the ledger is new, was emptied or was exchanged. */
  readonly report: (line: string) => void
  /** Unix seconds. Default: the platform's clock. */
  readonly clock?: () => number
}

const FORGOTTEN = 'challenges made before that are refused'
const LOST =
  'If this ledger should hold bans or enrollments, restore a backup and run `rollcall ledger renew-epoch`'

const unreference = (timer: unknown): void => {
  const { unref } = timer as { unref?: () => void }
  unref?.call(timer)
}

/**
 * Watches the epoch of a store: reads it on first use, on each new connection and every five seconds, and
 * makes one where there is none. An older epoch than the one in force comes from a backup, and is replaced.
 * `remembersSince` of the result is the second after the epoch, and `undefined` until the epoch was read once;
 * it changes as soon as the epoch is found to have changed.
 *
 * Each call throws LedgerUnavailableError if the epoch can't be read, is ahead of the clock, or changed during
 * the call; LedgerUnfitError if the ledger belongs to another issuer.
 */
export const withEpoch = (
  store: OpenStore,
  { issuer, report, clock = () => Math.floor(Date.now() / 1000) }: EpochOptions,
): OpenLedger => {
  /** The epoch that was in force last. */
  let last: Epoch | undefined
  /** Whether the store has it. Calls are answered only then. */
  let standing = false
  /** What the store had instead when that was noticed, so that it is reported once: a value, or '' for nothing. */
  let instead: string | undefined
  /** `remembersSince`. */
  let since: number | undefined
  /** How often the epoch went. Calls under way then fail. */
  let changes = 0
  let seenOn = -1
  let seenAtMs = -Infinity
  let looking: Promise<void> | undefined

  const connections = (): number => store.connections ?? 0

  /** The store does not have the epoch that was in force. @param value what it has */
  const lose = (value: string, why: string, now: number): void => {
    standing = false
    if (instead === value || last === undefined) return
    instead = value
    changes++
    // At once, whatever comes next: what was made until now could have been spent in what was lost.
    since = Math.max(now, last.time) + 1
    report(`warning: ${why}; calls fail until the service has read the new epoch`)
  }

  const take = (epoch: Epoch): void => {
    last = epoch
    standing = true
    instead = undefined
    since = epoch.time + 1
  }

  /** Begins the ledger anew; if another process is faster, the next look finds what that one made. */
  const begin = async (expected: Epoch | undefined, now: number): Promise<void> => {
    // Later than the last one, so that it covers all that was made before.
    const made = makeEpoch(issuer, Math.max(now, (last?.time ?? 0) + 1))
    if (!(await storeEpoch(store, made, expected, now))) return
    take(made)
    report(
      `the ledger begins at ${rfc3339(made.time)}, made by this process: ${FORGOTTEN}. ${LOST}`,
    )
  }

  /** Compares the epoch of the store with the one in force. */
  const compare = async (): Promise<void> => {
    const now = clock()
    // The own clock was fast and has been set right: what was known by it is worth nothing.
    if (last !== undefined && last.time > now + MAX_AHEAD_SECONDS) last = undefined
    const found = await readEpoch(store, now)
    if (found === undefined) {
      lose('', 'the ledger has lost its epoch: it was emptied or replaced', now)
      await begin(undefined, now)
      return
    }
    const value = encodeEpoch(found)
    if (last !== undefined && value !== encodeEpoch(last) && instead !== '') {
      const why = `the ledger has another epoch, ${rfc3339(found.time)}: it was renewed, restored or replaced`
      lose(value, why, now)
    }
    standing = false
    checkEpoch(found, issuer, now)
    // An older one comes from a backup: what was spent since then could be spent again.
    const older = last !== undefined && value !== encodeEpoch(last) && found.time <= last.time
    if (older) {
      await begin(found, now)
      return
    }
    const settled = instead !== undefined
    take(found)
    if (settled)
      report(
        `the ledger begins at ${rfc3339(found.time)}: ${FORGOTTEN}. Its contents are unchanged`,
      )
  }

  const look = async (): Promise<void> => {
    const connection = connections()
    const beganMs = performance.now()
    await compare()
    // Else nobody knows on which of the connections it was seen.
    if (!standing || connections() !== connection) return
    seenOn = connection
    seenAtMs = beganMs
  }

  const isKnown = (): boolean => standing && seenOn === connections()
  const isFresh = (): boolean => isKnown() && performance.now() - seenAtMs < CHECK_MS

  /** All callers share one look. */
  const lookOnce = (): Promise<void> => {
    looking ??= look().finally(() => (looking = undefined))
    return looking
  }

  /** Looks until the epoch is known on the connection that is in use. */
  const ensure = async (): Promise<void> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (isFresh()) return
      await lookOnce()
    }
    if (isFresh()) return
    throw new LedgerUnavailableError('the connection to the ledger was replaced again and again')
  }

  const watched =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      const before = changes
      if (!isKnown()) await ensure()
      // Once in five seconds a call waits for the look too; both are asked at the same time.
      const [result] = await Promise.all([call(...args), isFresh() ? undefined : ensure()])
      if (!isKnown()) await ensure()
      if (changes === before) return result
      throw new LedgerUnavailableError(
        'the ledger was emptied or replaced during a call, so that call was not answered',
      )
    }

  const timer = setInterval(() => {
    if (seenOn < 0 || performance.now() - seenAtMs < RENEW_MS) return
    // Whatever fails here fails the next call too, which tells the operator.
    void lookOnce().catch(() => undefined)
  }, TICK_MS)
  unreference(timer)

  return {
    get remembersSince() {
      return since
    },
    read: watched(store.read),
    compareAndSet: watched(store.compareAndSet),
    list: watched(store.list),
    async close() {
      clearInterval(timer)
      await store.close?.()
    },
  }
}
