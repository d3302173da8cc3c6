// Changes an entry of the ledger: a pure function makes the new value from the stored one. If the entry changed
// meanwhile, the function is called again with the newer value.

import { LedgerUnavailableError } from '../base/errors.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** How often an entry may change during one call: a limit far above what happens in practice. */
const MAX_TRIES = 100

/** The result of a change. */
export interface Change<Told> {
  /** What to store; absent: the entry stays as it is. */
  readonly next?: { readonly value: string; readonly expiresAt?: number | undefined } | undefined
  /** What the caller gets. */
  readonly result: Told
}

/**
 * Changes an entry, atomically.
 * @param change pure; called again whenever the entry was changed by somebody else
 * @param value the stored value that the caller has read
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
