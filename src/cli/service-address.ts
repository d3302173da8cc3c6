// The address of a service as it is typed: its issuer, to the letter.

import { requireIssuer } from '../client/index.ts'
import { usageError } from './command-error.ts'

/**
 * Checks the address of a service.
 * @param name what it is called in the usage, for messages
 * @throws CommandError
 */
export const checkServiceAddress = (text: string, name: string): string => {
  try {
    return requireIssuer(text, name)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw usageError(error.message)
  }
}
