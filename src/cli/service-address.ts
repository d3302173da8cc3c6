// The address of a service as it is typed: its issuer, which has no path. The slash that browsers and shells put
// behind a host is dropped.

import { requireIssuer } from '../client/index.ts'
import { usageError } from './command-error.ts'

/**
 * Reads the address of a service.
 * @param name what it is called in the usage, for messages
 * @returns the issuer, without a slash at its end
 * @throws CommandError
 */
export const checkServiceAddress = (text: string, name: string): string => {
  try {
    return requireIssuer(text.replace(/^(https?:\/\/[^/?#]+)\/$/, '$1'), name)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw usageError(error.message)
  }
}
