// Options that a subcommand cannot do without. Commander would report a missing one before one that is misspelt.

import { usageError } from './command-error.ts'

/**
 * The value of an option that must be given.
 * @param name the option, for the message
 * @param hint what to give
 * @throws CommandError if it is missing or empty
 */
export const requiredOption = (value: string | undefined, name: string, hint: string): string => {
  if (value === undefined || value === '') throw usageError(`${name} is missing: ${hint}`)
  return value
}
