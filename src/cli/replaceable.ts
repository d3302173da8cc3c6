// Whether a file may be replaced: a wrong name must not cost somebody the file that has it.

import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { usageError } from './command-error.ts'
import { inFolder } from './run.ts'

/** Far above the size of any file that is replaced, except for a long report. */
const HEAD_BYTES = 1_048_576

/** A longer file is an image of a disk or a key container rather than a small file that a crash has emptied. */
const MAX_BLANK_BYTES = 65_536

/** The beginning of a file, and its size in bytes. */
interface Head {
  readonly text: string
  readonly size: number
}

/** The beginning of a file; `undefined` if it is missing, or no file but a device or a pipe. */
const headOf = (path: string): Head | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats?.isFile() !== true) return undefined
  const { size } = stats
  const handle = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(Math.min(size, HEAD_BYTES))
    return { text: bytes.toString('utf8', 0, readSync(handle, bytes)), size }
  } finally {
    closeSync(handle)
  }
}

/**
 * Refuses to replace a file of something else. A file that is missing or empty can be replaced, and one of at most
 * 64 KiB that holds only NUL and white space.
 * @param name the option that names the file
 * @param what the only contents that are replaced, with an article
 * @param isThat whether a text, at most 1 MiB from the beginning of the file, has these contents; `isWhole`: whether it
 *   is the whole file
 * @throws CommandError
 */
export const requireReplaceable = (
  path: string,
  name: string,
  {
    what,
    isThat,
  }: { readonly what: string; readonly isThat: (text: string, isWhole: boolean) => boolean },
): void => {
  let head: Head | undefined
  try {
    head = headOf(inFolder(path))
  } catch (error) {
    const { code = 'failed' } = error as NodeJS.ErrnoException
    throw usageError(`${name}: ${path} exists, and cannot be read (${code}); name another file`)
  }
  if (head === undefined) return
  const { size } = head
  // After a crash of the machine some file systems give a file back that is full of NUL.
  const text = head.text.replaceAll('\0', '')
  if (text.trim() === '' ? size <= MAX_BLANK_BYTES : isThat(text, size <= HEAD_BYTES)) return
  throw usageError(
    `${name}: ${path} holds something other than ${what}; name another file, or delete this one`,
  )
}
