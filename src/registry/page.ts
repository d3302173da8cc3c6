// Lists, a page at a time.

import { type Result, accept, refuse } from '../base/result.ts'
import type { Ledger, LedgerPage } from '../ledger/ledger.ts'

/** A part of a list. */
export interface Page<Item> {
  /** May be fewer than asked for, even none, on a page that is not the last. */
  readonly items: readonly Item[]
  /** Where the next page begins; absent on the last one. */
  readonly cursor: string | undefined
}

/** Which part of a list: from its beginning, or where the page before ended. */
export interface PageRequest {
  readonly cursor?: string | undefined
  readonly limit: number
}

/** Why there is no such page: the cursor did not come from this list. */
export type PageRefusal = 'cursor_unknown'

/**
 * Reads a page of the entries of one kind, in an order of the ledger's own.
 * @param now Unix seconds
 * @throws LedgerUnavailableError
 */
export const listEntries = async (
  ledger: Ledger,
  kind: string,
  page: PageRequest,
  now: number,
): Promise<Result<LedgerPage, PageRefusal>> => {
  try {
    return accept(await ledger.list(kind, page, now))
  } catch (error) {
    // A ledger throws this for a cursor of another list. The cursor came from a client, so the client is at fault.
    if (error instanceof RangeError) return refuse('cursor_unknown')
    throw error
  }
}
