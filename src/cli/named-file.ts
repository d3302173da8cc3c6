// Files named on the command line, or `-` for standard input.

import { Argument } from 'commander'
import { type Stats, createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
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

/**
 * What a path leads to; `undefined` if that is missing.
 * @throws CommandError for links in a circle, and for a folder that may not be searched
 */
export const statOf = (path: string, name: string): Stats | undefined => {
  try {
    return statSync(inFolder(path), { throwIfNoEntry: false })
  } catch (error) {
    const { code = 'failed' } = error as NodeJS.ErrnoException
    throw usageError(`${name}: cannot read ${path} (${code})`)
  }
}

/**
 * Refuses a folder, a device and a pipe, where a file is read that will be changed. A missing file is accepted.
 * @throws CommandError
 */
export const requireFile = (path: string, name: string): void => {
  if (statOf(path, name)?.isFile() === false) {
    throw usageError(`${name}: ${path} is a folder, a device or a pipe; expected a file`)
  }
}

/** Reads a stream, and breaks off once it is longer than any valid file. */
const readWhole = async (stream: Readable): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array)
    chunks.push(bytes)
    length += bytes.length
    if (length > MAX_BYTES) break
  }
  return Buffer.concat(chunks)
}

/** The bytes of a file or of standard input. @throws CommandError if there are too many */
const checkedBytes = (bytes: Buffer, path: string, name: string): Bytes => {
  if (bytes.length > MAX_BYTES) {
    throw usageError(`${name}: ${path} is too long; expected at most ${MAX_BYTES} bytes`)
  }
  return withoutMark(Uint8Array.from(bytes), path, name)
}

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
  const stream = createReadStream(inFolder(path))
  const bytes = await readWhole(stream).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`${name}: cannot read ${path} (${error.code ?? error.name})`)
  })
  return checkedBytes(bytes, path, name)
}

/** The same, where `-` is standard input. @throws CommandError */
export const readInput = async (path: string, name: string): Promise<Bytes> => {
  if (path !== '-') return readNamedBytes(path, name)
  const stdin = thisRun().stdin()
  if (stdin.isTTY)
    throw usageError(`${name}: standard input is a terminal; expected a file or a pipe`)
  return checkedBytes(await readWhole(stdin), 'standard input', name)
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
