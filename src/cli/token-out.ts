// The file that a token is written to: checked before any request, and written in one go.

import { resolve } from 'node:path'
import { usageError } from './command-error.ts'
import { statOf } from './named-file.ts'
import { requireReplaceable } from './replaceable.ts'
import { inFolder, thisRun } from './run.ts'
import { cannotWrite, replaceSecret, tryWriting } from './secret-file.ts'

/** No token is longer. */
const MAX_TOKEN_BYTES = 8192

/**
 * Whether a text is a token, or the beginning of one: a file that was cut off must not stay for ever. A text without a
 * dot that is longer than any header is Base64 of some other JSON.
 */
const isToken = (text: string): boolean =>
  text.length <= MAX_TOKEN_BYTES && /^eyJ[\w-]{0,200}(?:\.[\w.-]*)?$/.test(text.trim())

/** The absolute path of the file to write. @throws CommandError if it can't be written */
export const checkOut = (path: string | undefined): string | undefined => {
  if (path === undefined || path === '') return undefined
  const out = inFolder(path)
  const there = statOf(path, '--out')
  if (there?.isDirectory()) throw usageError(`--out: ${path} is a folder; expected a file in it`)
  // The token would replace a device or a pipe.
  if (there?.isFile() === false) {
    throw usageError(`--out: ${path} is a device or a pipe; expected a file, or no --out at all`)
  }
  requireReplaceable(path, '--out', { what: 'a token', isThat: isToken })
  try {
    // Checked before any request: a token that can't be written would be lost.
    tryWriting(out, MAX_TOKEN_BYTES)
  } catch (error) {
    throw cannotWrite(error, path, '--out')
  }
  return out
}

/**
 * Checks that the token does not replace a file that is read.
 * @param out the file of the token, as the user names it
 * @param name the option that names the other file
 * @param what the contents of the other file, for the message
 * @throws CommandError
 */
export const checkIsApart = (
  out: string | undefined,
  path: string | undefined,
  name: string,
  what: string,
): void => {
  if (out === undefined || out === '' || path === undefined) return
  const [token, other] = (
    [
      [out, '--out'],
      [path, name],
    ] as const
  ).map(([file, option]) => ({ path: resolve(inFolder(file)), there: statOf(file, option) }))
  const isOneFile =
    token?.there !== undefined &&
    token.there.ino === other?.there?.ino &&
    token.there.dev === other.there.dev
  if (token?.path === other?.path || isOneFile) {
    throw usageError(`--out and ${name} name one file; the token would replace ${what}`)
  }
}

/** Writes a token with mode 0600. @param path as `checkOut` gives it @throws CommandError */
export const writeToken = (path: string, token: string): void => {
  try {
    replaceSecret(path, token)
  } catch (error) {
    throw cannotWrite(error, path, '--out')
  }
}

/** Writes a token to standard output, without a line break unless that is a terminal. */
export const printToken = (token: string): void => {
  const { stdout } = thisRun()
  stdout.write(stdout.isTTY ? `${token}\n` : token)
}
