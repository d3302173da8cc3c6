// Files that only their owner can read, and one kind that others may read. Each is complete or
// absent: the text is first written into a temporary file beside it.

import { randomBytes } from 'node:crypto'
import {
  type Stats,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { usageError } from './command-error.ts'
import { sh } from './recipe/quote.ts'
import { inFolder } from './run.ts'

/** The mode of a secret. */
export const OWNER_ONLY = 0o600
const READABLE = 0o644
const PERMISSIONS = 0o777

const toDisk = (path: string): void => {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** A rename is on disk once its folder is. Some platforms cannot open a folder. */
const folderToDisk = (path: string): void => {
  try {
    toDisk(dirname(path))
  } catch {
    // The file itself is on disk.
  }
}

/**
 * Writes `beside`, whose random name no other file has, and moves it to its place. The temporary
 * file is always removed.
 */
const writeBeside = (beside: string, text: string, putInPlace: () => void): void => {
  try {
    // On a full disk this leaves a part of the text.
    writeFileSync(beside, text, { mode: OWNER_ONLY, flag: 'wx' })
    // A umask can only remove permissions. An access list of the folder can add some.
    chmodSync(beside, OWNER_ONLY)
    toDisk(beside)
    putInPlace()
  } finally {
    rmSync(beside, { force: true })
  }
}

const besideOf = (path: string): string => `${path}.${randomBytes(4).toString('hex')}`

/** The error for a file that could not be written. @param name the name of the file in the usage */
export const cannotWrite = (error: unknown, path: string, name: string): Error => {
  const { code, name: kind = 'failed' } = error as NodeJS.ErrnoException
  const folder = dirname(path)
  if (code === 'ENOENT' && !existsSync(inFolder(folder))) {
    return usageError(
      `${name}: the folder ${folder} does not exist; make it: install -d -m 0700 ${sh(folder)}`,
    )
  }
  return usageError(`${name}: cannot write ${path} (${code ?? kind})`)
}

/**
 * Checks that a file can be written: it writes another one beside it.
 * @param bytes how large the file may get. Default: 0, which a full disk takes too
 * @throws NodeJS.ErrnoException if not
 */
export const tryWriting = (path: string, bytes = 0): void =>
  writeBeside(besideOf(inFolder(path)), ' '.repeat(bytes), () => undefined)

/** Writes a new file. If the disk gets full, no part of it stays. */
const writeWhole = (path: string, text: string): void => {
  const handle = openSync(path, 'wx', OWNER_ONLY)
  try {
    writeFileSync(handle, text)
    fsyncSync(handle)
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(handle)
  }
}

/**
 * Writes a new file. An existing file is left as it is.
 * @throws NodeJS.ErrnoException `EEXIST` if the file exists
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
      // The file system has no hard links.
      writeWhole(file, text)
    }
  })
  folderToDisk(file)
}

/** Writes a file, or replaces an existing one. A reader sees the old file or the new one. */
export const replaceSecret = (path: string, text: string): void => {
  const file = inFolder(path)
  const beside = besideOf(file)
  writeBeside(beside, text, () => renameSync(beside, file))
  folderToDisk(file)
}

/** Gives a file the owner and mode of another one. */
const takeAfter = (path: string, { mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>): void => {
  chownSync(path, uid, gid)
  chmodSync(path, mode & PERMISSIONS)
}

/** Whether a file still has a text. A pipe has none, and reading it could wait for ever. */
const hasText = (path: string, text: string): boolean =>
  statSync(path).isFile() && readFileSync(path, 'utf8') === text

/**
 * Replaces the text of an existing file. Owner and mode stay, links still lead to it, and a reader
 * sees the old text or the new one.
 * @param before the text that is replaced, as it was read
 * @returns whether the file has the new text. If it has a third text by now, or is no file, it is
 *   left as it is
 * @throws NodeJS.ErrnoException
 */
export const rewriteSecret = (path: string, before: string, text: string): boolean => {
  const target = realpathSync(inFolder(path))
  if (!hasText(target, before)) return hasText(target, text)
  const beside = besideOf(target)
  writeBeside(beside, text, () => {
    takeAfter(beside, statSync(target))
    if (hasText(target, before)) renameSync(beside, target)
  })
  folderToDisk(target)
  return hasText(target, text)
}

/** What is another for each version of a file. */
const versionOf = ({ ino, size, mtimeMs, ctimeMs }: Stats): string =>
  `${ino} ${size} ${mtimeMs} ${ctimeMs}`

/** Where a path leads, also through links to a file that does not exist yet. @throws NodeJS.ErrnoException `ELOOP` */
const targetOf = (file: string): string => {
  // Links in a circle end here with an error.
  if (statSync(file, { throwIfNoEntry: false }) !== undefined) return realpathSync(file)
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return file
  return targetOf(resolve(realpathSync(dirname(file)), readlinkSync(file)))
}

/**
 * Writes a file without secrets, or replaces one. An existing file keeps owner and mode, and links
 * still lead to it; a new one can be read by others. A reader sees the old text or the new one.
 * @throws NodeJS.ErrnoException
 */
export const replaceReadable = (path: string, text: string): void => {
  const target = targetOf(inFolder(path))
  const beside = besideOf(target)
  writeBeside(beside, text, () => {
    const like = statSync(target, { throwIfNoEntry: false })
    if (like === undefined) chmodSync(beside, READABLE)
    else takeAfter(beside, like)
    renameSync(beside, target)
  })
  folderToDisk(target)
}

/**
 * Changes an existing file. Owner and mode stay, links still lead to it, and only one process
 * changes it at a time.
 * @param change gets the path to read; gives the new text
 * @param mode of the changed file. Default: as before
 * @throws CommandError if another process is changing it, or has changed it meanwhile
 */
export const changeSecret = async (
  path: string,
  change: (path: string) => Promise<string>,
  mode?: number,
): Promise<void> => {
  const target = realpathSync(inFolder(path))
  const beside = `${target}.new`
  try {
    // Locks before reading, so that no other process reads a text that is about to change.
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
    takeAfter(beside, { ...like, mode: mode ?? like.mode })
    toDisk(beside)
    // An editor or a tool for secrets knows nothing of the lock.
    if (versionOf(statSync(target)) !== versionOf(like)) {
      throw usageError(`${path} was changed meanwhile; it was left as it is, so run this again`)
    }
    renameSync(beside, target)
  } catch (error) {
    // Not after a successful rename: then a file of this name belongs to another process.
    rmSync(beside, { force: true })
    throw error
  }
  folderToDisk(target)
}
