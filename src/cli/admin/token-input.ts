// An enrollment token from a file or from standard input: arguments can be seen by every process of
// the machine.

import { usageError } from '../exit-status.ts'
import { asText, readInput } from '../named-file.ts'
import { thisRun } from '../run.ts'

const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const MAX_LENGTH = 8192

/**
 * Reads the token.
 * @param file absent or `-`: standard input
 * @throws CommandError
 */
export const readToken = async (file: string | undefined): Promise<string> => {
  const fromStdin = file === undefined || file === '-'
  if (fromStdin && thisRun().stdin().isTTY) {
    throw usageError('which token? Give --token-file FILE, or write it to standard input')
  }
  const name = '--token-file'
  const token = asText(await readInput(file ?? '-', name), file ?? '-', name).trim()
  if (token.length <= MAX_LENGTH && JWT.test(token)) return token
  const where = fromStdin ? 'standard input' : file
  throw usageError(`${where}: expected an enrollment token, and nothing else (access_token alone)`)
}
