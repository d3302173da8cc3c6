// Uses up what may be used once: of any number of callers that show it, one passes. Tokens of operators, assertions of
// relying parties and DPoP proofs are used up so.

import { encodeStored } from '../base/stored-format.ts'
import type { Ledger } from './ledger.ts'
import { isForgotten } from './forgotten.ts'

/** What may be used once. */
export interface Once {
  /** The key of its entry: one for each thing that may be used. */
  readonly key: string
  /** When it was made, Unix seconds. */
  readonly madeAt: number
  /** From when on no check accepts it any longer, Unix seconds; its entry expires then. */
  readonly expiresAt: number
}

/**
 * Uses it up. Call it last, after everything else was checked.
 * @param now Unix seconds
 * @returns `forgotten` if it was made before the ledger began, so that an earlier use may be lost
 * @throws LedgerUnavailableError
 */
export const spendOnce = async (
  ledger: Ledger,
  { key, madeAt, expiresAt }: Once,
  now: number,
): Promise<'spent' | 'used' | 'forgotten'> => {
  if (isForgotten(ledger, madeAt)) return 'forgotten'
  const entry = { key, value: encodeStored(''), expiresAt }
  const { stored } = await ledger.compareAndSet(entry, undefined, now)
  if (!stored) return 'used'
  // Checked again: the answer may have come from a ledger that began meanwhile.
  return isForgotten(ledger, madeAt) ? 'forgotten' : 'spent'
}
