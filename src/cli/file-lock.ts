// A lock that processes of one machine share: a file beside the one that it protects. Its holder touches it every two
// seconds, so a file that nobody touches was left by a process that was killed.

import { randomUUID } from 'node:crypto'
import { lstatSync, lutimesSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type Timing, SYSTEM_TIMING } from '../base/timing.ts'
import type { Cleanup } from './cleanup.ts'
import { CommandError } from './command-error.ts'
import { EXIT } from './exit-status.ts'

const TOUCH_MS = 2000
const STALE_SECONDS = 10
const LOOK_SECONDS = 0.1
/** A command that waits for longer is taken for hung by its caller, and cannot say why. */
const PATIENCE_SECONDS = 60

/** How the lock is taken. */
export interface LockOptions {
  /** Removes the lock at a signal. */
  readonly cleanup: Cleanup
  /** Called once, before the first wait. */
  readonly onWait?: () => void
  /** Called if a file of something else has the name of the lock. Then the work is done without a lock. */
  readonly onOtherFile?: (lock: string) => void
  /** Default: the platform's. */
  readonly timing?: Pick<Timing, 'elapsed' | 'wait'>
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

/**
 * What changes each time a lock is made or touched. A link is looked at itself: where it leads, nothing may be.
 * @returns `undefined` if there is no lock
 */
const markOf = (lock: string): string | undefined => {
  const stats = lstatSync(lock, { throwIfNoEntry: false })
  return stats === undefined ? undefined : `${stats.ino} ${stats.mtimeMs}`
}

/** @returns whether this process has made the lock */
const tryLock = (lock: string): boolean => {
  try {
    writeFileSync(lock, '', { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Whether a lock of a process is there: such a file is empty. A link leads to no lock, and nobody keeps one there. */
const isLock = (lock: string): boolean => {
  const stats = lstatSync(lock, { throwIfNoEntry: false })
  return stats === undefined || stats.isSymbolicLink() || (stats.isFile() && stats.size === 0)
}

/** Removes a lock that nobody touches. Renamed first: of two processes that find it so, one has it. */
const breakLock = (lock: string, mark: string): void => {
  if (markOf(lock) !== mark) return
  const aside = `${lock}.${randomUUID()}`
  try {
    renameSync(lock, aside)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  rmSync(aside, { force: true })
}

const heldTooLong = (lock: string): CommandError =>
  new CommandError(
    EXIT.unavailable,
    `another process has held ${lock} for ${PATIENCE_SECONDS} s; ` +
      'if no rollcall command is running, remove that file and run this again',
  )

/**
 * @returns whether this process has the lock; `false` if a file of something else has its name
 * @throws CommandError if others have the lock for a minute
 * @throws NodeJS.ErrnoException if no lock can be made
 */
const waitForLock = async (
  lock: string,
  { onWait, timing: { elapsed, wait } = SYSTEM_TIMING }: LockOptions,
): Promise<boolean> => {
  let mark: string | undefined
  let since = 0
  const end = elapsed() + PATIENCE_SECONDS
  for (let isFirst = true; !tryLock(lock); isFirst = false) {
    if (!isLock(lock)) return false
    if (isFirst) onWait?.()
    const found = markOf(lock)
    // Measured by the clock of this process, since the time of files can be set.
    if (found !== mark) [mark, since] = [found, elapsed()]
    else if (found !== undefined && elapsed() - since > STALE_SECONDS) breakLock(lock, found)
    if (elapsed() > end) throw heldTooLong(lock)
    await wait(LOOK_SECONDS)
  }
  return true
}

const touch = (lock: string): void => {
  try {
    const now = new Date()
    lutimesSync(lock, now, now)
  } catch {
    // Somebody has removed the lock, or the disk is full. The work goes on.
  }
}

/**
 * Does some work that only one process at a time may do. If the lock cannot be made, as on a file system that is read
 * only or where a file of something else has its name, the work is done without it. After a pause of more than ten
 * seconds, such as of a suspended machine, two processes can have the lock: what they do must bear that.
 * @param path the file that is protected; the lock is `PATH.lock`
 * @returns what the work returns
 * @throws CommandError if others have the lock for a minute
 */
export const withLock = async <Value>(
  path: string,
  options: LockOptions,
  work: () => Promise<Value>,
): Promise<Value> => {
  const lock = `${path}.lock`
  try {
    if (!(await waitForLock(lock, options))) {
      options.onOtherFile?.(lock)
      return work()
    }
  } catch (error) {
    if (error instanceof CommandError) throw error
    return work()
  }
  const remove = options.cleanup.add(() => rmSync(lock, { force: true }))
  const timer = setInterval(() => touch(lock), TOUCH_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    remove()
  }
}
