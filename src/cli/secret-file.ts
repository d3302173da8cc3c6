// Files that only their owner can read, each there whole or not at all: what is written goes into a file
// beside it first.

import { randomBytes } from 'node:crypto'
import {
  type Stats,
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { usageError } from './command-error.ts'
import { inFolder } from './run.ts'

const OWNER_ONLY = 0o600
const PERMISSIONS = 0o777

const toDisk = (path: string): void => {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** A rename is safe when its folder is; not every platform lets a folder be opened. */
const folderToDisk = (path: string): void => {
  try {
    toDisk(dirname(path))
  } catch {
    // The file itself is safe.
  }
}

/** Writes `beside`, which must not be there, and puts it in place; nothing of it is left over. */
const writeBeside = (beside: string, text: string, putInPlace: () => void): void => {
  writeFileSync(beside, text, { mode: OWNER_ONLY, flag: 'wx' })
  try {
    // An umask can only take away from the mode; an access list of the folder can add to it.
    chmodSync(beside, OWNER_ONLY)
    toDisk(beside)
    putInPlace()
  } finally {
    rmSync(beside, { force: true })
  }
}

const besideOf = (path: string): string => `${path}.${randomBytes(4).toString('hex')}`

/** What to tell of a file that could not be written. @param name what it is called in the usage */
export const cannotWrite = (error: unknown, path: string, name: string): Error => {
  const { code, name: kind = 'failed' } = error as NodeJS.ErrnoException
  return usageError(`${name}: cannot write ${path} (${code ?? kind})`)
}

/** Tries whether a file could be written, beside it. @throws NodeJS.ErrnoException if not */
export const tryWriting = (path: string): void => {
  const beside = besideOf(inFolder(path))
  closeSync(openSync(beside, 'wx', OWNER_ONLY))
  rmSync(beside)
}

/**
 * Writes a new file; one that is there is left as it is.
 * @throws NodeJS.ErrnoException `EEXIST` if there is one
 */
export const writeNewSecret = (path: string, text: string): void => {
  const file = inFolder(path)
  const beside = besideOf(file)
  writeBeside(beside, text, () => {
    try {
      linkSync(beside, file)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') throw error
      // A file system without links.
      writeFileSync(file, text, { mode: OWNER_ONLY, flag: 'wx' })
    }
  })
  folderToDisk(file)
}

/** Writes a file, or puts it in the place of the one that is there; a reader sees one or the other. */
export const replaceSecret = (path: string, text: string): void => {
  const file = inFolder(path)
  const beside = besideOf(file)
  writeBeside(beside, text, () => renameSync(beside, file))
  folderToDisk(file)
}

/** Gives a file the owner and mode of another one. */
const takeAfter = (path: string, { mode, uid, gid }: Stats): void => {
  chownSync(path, uid, gid)
  chmodSync(path, mode & PERMISSIONS)
}

/**
 * Puts another text into a file that is there: its owner and mode stay, a link goes on to lead to it, and a
 * reader sees the old text or the new one. Of two processes that write at once, one wins.
 * @throws NodeJS.ErrnoException
 */
export const rewriteSecret = (path: string, text: string): void => {
  const target = realpathSync(inFolder(path))
  const beside = besideOf(target)
  writeBeside(beside, text, () => {
    takeAfter(beside, statSync(target))
    renameSync(beside, target)
  })
  folderToDisk(target)
}

/**
 * Changes a file that is there: its owner and mode stay, a link goes on to lead to it, and no two
 * processes change it at once.
 * @param change gets the path to read; gives the new text
 * @throws CommandError if another process is at it
 */
export const changeSecret = async (
  path: string,
  change: (path: string) => Promise<string>,
): Promise<void> => {
  const target = realpathSync(inFolder(path))
  const beside = `${target}.new`
  try {
    // Taken first, so that nobody else reads what is about to change.
    closeSync(openSync(beside, 'wx', OWNER_ONLY))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw usageError(
      `${beside} exists: another process is changing ${path}, or was interrupted; ` +
        'if none is running, remove that file and run this again',
    )
  }
  try {
    const like = statSync(target)
    writeFileSync(beside, await change(target))
    takeAfter(beside, like)
    toDisk(beside)
    renameSync(beside, target)
  } catch (error) {
    // Only then: once it was renamed, one that is there is already another process's.
    rmSync(beside, { force: true })
    throw error
  }
  folderToDisk(target)
}
