// A new file for a private key. No existing file is ever replaced.

import { usageError } from '../command-error.ts'
import { cannotWrite, writeNewSecret } from '../secret-file.ts'

/**
 * Writes the file of `--out`, with mode 0600, whole or not at all.
 * @param json the key, without a line break
 * @throws CommandError if the file exists, also as a link that leads nowhere, or cannot be written
 */
export const writeNewKey = (file: string, json: string): void => {
  try {
    writeNewSecret(file, `${json}\n`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWrite(error, file, '--out')
    throw usageError(`--out: ${file} exists already; keys are never overwritten`)
  }
}
