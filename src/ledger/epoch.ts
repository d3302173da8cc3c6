// The epoch of a ledger: the entry `ledger:epoch`, which says when the ledger began and whose it is. A store that
// was emptied, exchanged or restored has no epoch or another one. A service that finds that out refuses
// what was made before, since it may have been spent in what was lost.
//
// The value is `1 TIME ISSUER ID`: the format, Unix seconds, the issuer, 16 random bytes as base64url.

import { toBase64Url } from '../base/bytes.ts'
import { LedgerUnavailableError, LedgerUnfitError } from '../base/errors.ts'
import type { Ledger } from './ledger.ts'

/** The key of the entry. */
export const EPOCH_KEY = 'ledger:epoch'
/** By how many seconds an epoch may be ahead of the own clock. */
export const MAX_AHEAD_SECONDS = 60

const ID_BYTES = 16
const VALUE = /^1 ([0-9]{1,10}) (https?:\/\/[!-~]{1,500}) ([A-Za-z0-9_-]{22})$/

/** When a ledger began, and whose it is. */
export interface Epoch {
  /** Unix seconds. */
  readonly time: number
  /** The service that the ledger belongs to. */
  readonly issuer: string
  /** 16 random bytes, base64url: two epochs of one second differ. */
  readonly id: string
}

/** A new epoch. @param time Unix seconds */
export const makeEpoch = (issuer: string, time: number): Epoch => ({
  time,
  issuer,
  id: toBase64Url(crypto.getRandomValues(new Uint8Array(ID_BYTES))),
})

/** An epoch as it is stored. */
export const encodeEpoch = ({ time, issuer, id }: Epoch): string => `1 ${time} ${issuer} ${id}`

/**
 * Reads the value of the entry.
 * @throws LedgerUnfitError if it has another format
 */
export const decodeEpoch = (value: string): Epoch => {
  const [, time, issuer, id] = VALUE.exec(value) ?? []
  if (time === undefined || issuer === undefined || id === undefined) {
    throw new LedgerUnfitError(
      `the entry ${EPOCH_KEY} of the ledger has an unknown format: ` +
        'run the version of rollcall that wrote it, or a newer one',
    )
  }
  return { time: Number(time), issuer, id }
}

/** Unix seconds as RFC 3339. */
export const rfc3339 = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')

/**
 * Checks that a service may use a ledger of this epoch.
 * @param now Unix seconds by the own clock
 * @throws LedgerUnfitError if the ledger belongs to another issuer
 * @throws LedgerUnavailableError if the epoch is more than 60 s ahead of the own clock
 */
export const checkEpoch = ({ time, issuer }: Epoch, own: string, now: number): void => {
  if (issuer !== own) {
    throw new LedgerUnfitError(
      `the ledger belongs to ${issuer}, not to ${own}: use another ledger (in Redis another ?prefix=), ` +
        `or move it with rollcall ledger renew-epoch --issuer ${own}`,
    )
  }
  if (time > now + MAX_AHEAD_SECONDS) {
    throw new LedgerUnavailableError(
      `the ledger began at ${rfc3339(time)}, but the clock here says ${rfc3339(now)}: this clock is slow, ` +
        'or the other one was fast. Correct the clock, or run rollcall ledger renew-epoch',
    )
  }
}

/**
 * Stores an epoch if the store has the one that was expected.
 * @param expected `undefined`: none
 * @param now Unix seconds
 * @returns whether it was stored
 * @throws LedgerUnavailableError
 */
export const storeEpoch = async (
  store: Pick<Ledger, 'compareAndSet'>,
  epoch: Epoch,
  expected: Epoch | undefined,
  now: number,
): Promise<boolean> => {
  const entry = { key: EPOCH_KEY, value: encodeEpoch(epoch) }
  const { stored } = await store.compareAndSet(entry, expected && encodeEpoch(expected), now)
  return stored
}

/** Reads the epoch of a store. @throws LedgerUnavailableError, LedgerUnfitError as `decodeEpoch` */
export const readEpoch = async (
  store: Pick<Ledger, 'read'>,
  now: number,
): Promise<Epoch | undefined> => {
  const value = await store.read(EPOCH_KEY, now)
  return value === undefined ? undefined : decodeEpoch(value)
}
