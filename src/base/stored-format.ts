// The format of what is stored: every value in the ledger begins with a number that names it, so that a release
// never mistakes the value of another release for its own. `registry/format.ts` reads it.

/** The one format so far. */
export const STORED_FORMAT = '1'

/** A value as it is stored. */
export const encodeStored = (text: string): string => [STORED_FORMAT, text].join(' ')
