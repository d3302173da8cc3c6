// Whether a file may be replaced: a wrong name must not cost somebody the file that has it.

import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { usageError } from './command-error.ts'
import { inFolder } from './run.ts'

/** Enough to know what a file is. */
const HEAD_BYTES = 65_536

/** The beginning of a file; `undefined` if it is missing, or no file but a device or a pipe. */
const headOf = (path: string): string | undefined => {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined
  const handle = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(HEAD_BYTES)
    return bytes.toString('utf8', 0, readSync(handle, bytes))
  } finally {
    closeSync(handle)
  }
}

/**
 * Refuses to replace a file of something else. A file that is missing or empty can be replaced.
 * @param name the option that names the file
 * @param what the only contents that are replaced, with an article
 * @param isThat whether a text, at most 64 KiB from the beginning of the file, has these contents
 * @throws CommandError
 */
export const requireReplaceable = (
  path: string,
  name: string,
  { what, isThat }: { readonly what: string; readonly isThat: (text: string) => boolean },
): void => {
  let text: string | undefined
  try {
    // After a crash of the machine some file systems give a file back that is full of NUL.
    text = headOf(inFolder(path))?.replaceAll('\0', '')
  } catch (error) {
    const { code = 'failed' } = error as NodeJS.ErrnoException
    throw usageError(`${name}: ${path} exists, and cannot be read (${code}); name another file`)
  }
  if (text === undefined || text.trim() === '' || isThat(text)) return
  throw usageError(
    `${name}: ${path} holds something other than ${what}; name another file, or delete this one`,
  )
}
