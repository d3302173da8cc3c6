// Beginning a ledger anew without losing what it holds: what operators do after they restored or moved a store.

import { LedgerUnavailableError, LedgerUnfitError } from '../base/errors.ts'
import { type Epoch, makeEpoch, readEpoch, storeEpoch } from './epoch.ts'
import type { Ledger } from './ledger.ts'

const ATTEMPTS = 8

/** What a renewal did. */
export interface Renewal {
  /** The epoch of before; `undefined`: the store had none. */
  readonly before: Epoch | undefined
  readonly after: Epoch
}

/**
 * Gives a store a new epoch. Services that run on it notice within five seconds, and refuse challenges made
 * before.
 * @param options.issuer whose ledger it must be, if it is anybody's
 * @param options.newIssuer whose ledger it becomes. Default: the same
 * @param options.now Unix seconds
 * @throws LedgerUnfitError if the ledger belongs to another issuer, or has an epoch of an unknown format
 * @throws LedgerUnavailableError if the store does not answer, or services keep changing the epoch
 */
export const renewEpoch = async (
  store: Pick<Ledger, 'read' | 'compareAndSet'>,
  {
    issuer,
    newIssuer = issuer,
    now,
  }: { readonly issuer: string; readonly newIssuer?: string | undefined; readonly now: number },
): Promise<Renewal> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await readEpoch(store, now)
    // A second run of a move finds it done already.
    if (before !== undefined && before.issuer !== issuer && before.issuer !== newIssuer) {
      throw new LedgerUnfitError(
        `the ledger belongs to ${before.issuer}, not to ${issuer}. Is this the right ROLLCALL_LEDGER? To renew ` +
          `it, set ROLLCALL_ISSUER to ${before.issuer}; only to move it to ${issuer}, add --issuer as well`,
      )
    }
    const after = makeEpoch(newIssuer, now)
    if (await storeEpoch(store, after, before, now)) return { before, after }
  }
  throw new LedgerUnavailableError('the epoch of the ledger kept changing; try again')
}
