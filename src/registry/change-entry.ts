// Changing an entry of the ledger: what is there is handed to a pure function, and what that makes of it
// is stored if nothing has changed meanwhile, else once more from the start.

import { LedgerUnavailableError } from '../base/errors.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** How often an entry may change under one call: a bound, far above what ever happens. */
const MAX_TRIES = 100

/** What a change makes of an entry. */
export interface Change<Told> {
  /** What to store; absent: the entry stays as it is. */
  readonly next?: { readonly value: string; readonly expiresAt?: number | undefined } | undefined
  /** What the caller wants to know of it. */
  readonly result: Told
}

/**
 * Changes an entry, atomically.
 * @param change pure; called again whenever the entry was changed by somebody else
 * @param value what is there, as far as the caller knows
 * @param now Unix seconds
 * @throws LedgerUnavailableError
 */
export const changeEntry = async <Told>(
  ledger: Ledger,
  key: string,
  value: string | undefined,
  now: number,
  change: (value: string | undefined) => Change<Told>,
): Promise<Told> => {
  let present = value
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const { next, result } = change(present)
    if (next === undefined) return result
    const swap = await ledger.compareAndSet({ key, ...next }, present, now)
    if (swap.stored) return result
    present = swap.value
  }
  throw new LedgerUnavailableError('an entry of the ledger kept changing')
}
