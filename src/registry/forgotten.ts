// What the ledger cannot know: it may be younger than what it is asked about.

import type { Ledger } from '../ledger/ledger.ts'

/**
 * Whether something was made before the ledger began to remember: what was stored about it then may be lost. A
 * ledger may begin anew while the service runs, so ask again after each trip to it.
 * @param at Unix seconds
 */
export const isForgotten = ({ remembersSince = 0 }: Ledger, at: number): boolean =>
  at < remembersSince
