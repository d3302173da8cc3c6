// What was stored before the ledger began is lost: the ledger may be newer than what a caller shows.

import type { Ledger } from './ledger.ts'

/**
 * Whether something was made before the ledger began, so that its entries may be lost. A ledger may begin anew
 * while the service runs, so check again after each trip to it.
 * @param at Unix seconds
 */
export const isForgotten = ({ remembersSince = 0 }: Ledger, at: number): boolean =>
  at < remembersSince
