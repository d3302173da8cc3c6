// The format of what is stored: every value in the ledger begins with a number that names it, so that a
// release never takes what another one wrote for something else. Drivers know nothing of it.

import { LedgerFormatError } from '../errors.ts'

/** The one format so far. */
const FORMAT = '1'

/** A value as it is stored. */
export const encodeStored = (text: string): string => `${FORMAT} ${text}`

/**
 * What a stored value holds.
 * @throws LedgerFormatError if another release wrote it
 */
export const decodeStored = (value: string): string => {
  const [, format, text] = /^([0-9]{1,4}) ([^]*)$/.exec(value) ?? []
  if (format === FORMAT && text !== undefined) return text
  throw new LedgerFormatError(
    format === undefined
      ? 'the ledger holds a value without a format number: it was not written by this service'
      : `the ledger holds a value of format ${format}, and this release reads format ${FORMAT}: ` +
          `run a release that reads format ${format}`,
  )
}
