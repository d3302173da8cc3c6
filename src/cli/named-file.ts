// Files named on the command line, or `-` for standard input.

import { Argument } from 'commander'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import type { Bytes } from '../base/bytes.ts'
import { decodeText, markProblem } from '../base/text.ts'
import { usageError } from './command-error.ts'
import { looksSecret } from './say.ts'
import { inFolder, thisRun } from './run.ts'

const OR_INPUT = '; - for standard input'

/** An argument that names a file, or standard input. */
export const fileArgument = (name: string, description: string): Argument =>
  new Argument(name, description + OR_INPUT)

/** Whether an argument was made by {@link fileArgument}. */
export const takesFile = ({ description }: Argument): boolean => description.endsWith(OR_INPUT)

/** Far above the size of any valid file. A device or a wrong file must not fill the memory. */
const MAX_BYTES = 1_048_576

/** Refuses a byte order mark, also in binary files: no format here begins with one. */
const withoutMark = (bytes: Bytes, path: string, name: string): Bytes => {
  const problem = markProblem(bytes)
  if (problem !== undefined) throw usageError(`${name}: ${path} ${problem}`)
  return bytes
}

/**
 * Reads a file that was named on the command line.
 * @param name the name of the file in the usage, for messages
 * @throws CommandError
 */
export const readNamedBytes = async (path: string, name: string): Promise<Bytes> => {
  if (looksSecret(path)) {
    throw usageError(
      `${name}: expected the path of a file, not its contents. Other users can see arguments, ` +
        'so replace the secret that you typed',
    )
  }
  const bytes = await readFile(inFolder(path)).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`${name}: cannot read ${path} (${error.code ?? error.name})`)
  })
  if (bytes.length > MAX_BYTES)
    throw usageError(`${name}: ${path} has ${bytes.length} bytes; expected at most ${MAX_BYTES}`)
  return withoutMark(Uint8Array.from(bytes), path, name)
}

/** The same, where `-` is standard input. @throws CommandError */
export const readInput = async (path: string, name: string): Promise<Bytes> => {
  if (path !== '-') return readNamedBytes(path, name)
  const stdin = thisRun().stdin()
  if (stdin.isTTY)
    throw usageError(`${name}: standard input is a terminal; expected a file or a pipe`)
  return withoutMark(Uint8Array.from(await buffer(stdin)), 'standard input', name)
}

/** The same as text. @throws CommandError if it is not UTF-8, or has a byte order mark */
export const asText = (bytes: Uint8Array, path: string, name: string): string => {
  const text = decodeText(bytes)
  if (text.ok) return text.value
  throw usageError(`${name}: ${path === '-' ? 'standard input' : path} ${text.refusal}`)
}

/** Reads a text file that was named on the command line. @throws CommandError */
export const readNamedFile = async (path: string, name: string): Promise<string> =>
  asText(await readNamedBytes(path, name), path, name)
