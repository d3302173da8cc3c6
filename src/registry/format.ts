// The format of stored values: each begins with the number of its format, so that a release never misreads a
// value that another release wrote. Drivers do not read the number.

import { LedgerFormatError } from '../base/errors.ts'
import { STORED_FORMAT } from '../base/stored-format.ts'
import type { Ledger } from '../ledger/ledger.ts'

/**
 * Reads a stored value, without the number of its format.
 * @throws LedgerFormatError if another release wrote it
 */
export const decodeStored = (value: string): string => {
  const [, format, text] = /^([0-9]{1,4}) ([^]*)$/.exec(value) ?? []
  if (format === STORED_FORMAT && text !== undefined) return text
  throw new LedgerFormatError(
    format === undefined
      ? 'the ledger holds a value without a format number: it was not written by this service'
      : `the ledger holds a value of format ${format}, and this release reads format ${STORED_FORMAT}: ` +
          `run a release that reads format ${format}`,
  )
}

/**
 * Checks the format of a value whose content does not matter, such as a ban.
 * @param value absent: there is nothing to check
 * @throws LedgerFormatError if another release wrote it
 */
export const checkStored = (value: string | undefined): void => {
  if (value !== undefined) decodeStored(value)
}

/**
 * Wraps a ledger so that it returns no value of another release. The error comes from the ledger's own methods, so
 * that it is reported to the operator like every other failure of the ledger.
 * @throws LedgerFormatError from each of its methods that meets such a value
 */
export const withKnownFormats = (ledger: Ledger): Ledger => ({
  // A getter: the time changes while the service runs.
  get remembersSince() {
    return ledger.remembersSince
  },
  async read(...args) {
    const value = await ledger.read(...args)
    checkStored(value)
    return value
  },
  async compareAndSet(...args) {
    const swap = await ledger.compareAndSet(...args)
    if (!swap.stored) checkStored(swap.value)
    return swap
  },
  async list(...args) {
    const page = await ledger.list(...args)
    for (const { value } of page.entries) checkStored(value)
    return page
  },
})
