// The address of a service as users type it: its issuer, which has no path. A slash after the host
// is removed.

import { requireIssuer } from '../client/index.ts'
import { usageError } from './command-error.ts'

/**
 * Reads the address of a service.
 * @param name its name in the usage, for messages
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
