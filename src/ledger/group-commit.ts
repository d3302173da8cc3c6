// Group commit: operations that wait for a database at the same time share one transaction, so they share one flush
// to disk. A group runs in one synchronous turn, and each operation has its own outcome. Nothing here knows SQL.

import { SYSTEM_TIMING, type Timing } from '../base/timing.ts'

/** Operations of one group, at most: the event loop stands still until all of them are on disk. */
export const GROUP_SIZE = 128

/** How long an operation waits for a lock that another process holds. */
const BUSY_SECONDS = 2
/** Pauses between two attempts. Short, since a process that writes without end frees the lock for a moment only. */
const MIN_PAUSE_SECONDS = 0.001
const RANDOM_PAUSE_SECONDS = 0.002

/** One connection to a database. All of it is synchronous. */
export interface GroupDatabase<Entries> {
  /** The entries of the database, opened if it is not open. Other members are called only after it. */
  open(): Entries
  /** Begins a transaction and takes the lock for writing; throws at once if another process has it. */
  begin(): void
  /** Ends the transaction. All of it is on disk when this returns. */
  commit(): void
  /** Ends the transaction without a trace. */
  rollback(): void
  /** Whether a transaction is open. Databases end one by themselves, for example if the disk is full. */
  inTransaction(): boolean
  /** Whether an error says that another process holds the lock; then the attempt has changed nothing. */
  isBusy(error: unknown): boolean
  /** Called once for a group that failed, before anything else happens. @returns what its callers are given */
  failed(cause: unknown): Error
}

/** What can be replaced, for tests and measurements. */
export interface GroupOptions {
  /** Operations of one group at most. Default: 128. */
  readonly size?: number | undefined
  /** Default: the platform's. */
  readonly timing?: Pick<Timing, 'elapsed' | 'random' | 'wait'>
  /** Calls a function once the event loop has taken in what has arrived. Default: `setImmediate`. */
  readonly defer?: (turn: () => void) => void
}

/** The operations of one database. */
export interface GroupCommit<Entries> {
  /**
   * Runs an operation together with all others that wait. Operations of a group see what those before them stored;
   * reads do not wait for a lock, so they can overtake writes that do.
   * @param operation can run more than once, each time in a new transaction. What it throws fails its whole group,
   *   so it must have checked its arguments before
   * @returns its result. If its group has a write, that is on disk by then
   * @throws what `failed` of the database made of the cause
   */
  read<Result>(operation: (entries: Entries) => Result): Promise<Result>
  /** As `read`, for an operation that changes something. */
  write<Result>(operation: (entries: Entries) => Result): Promise<Result>
  /** Runs all that waits, now. What has to wait for another process fails. */
  drain(): void
}

interface Waiting<Entries> {
  readonly writes: boolean
  /** Seconds of the clock that nobody sets. */
  readonly since: number
  /** @returns what gives the result to the caller */
  readonly run: (entries: Entries) => () => void
  readonly reject: (error: Error) => void
}

/** After the poll phase, which takes in requests. Deno before 2.4 lacks `setImmediate`; there a timer does. */
const deferImmediate = (turn: () => void): void => {
  const { setImmediate = setTimeout } = globalThis as { setImmediate?: (turn: () => void) => void }
  setImmediate(turn)
}

/** Groups the operations of one database. */
export const createGroupCommit = <Entries>(
  database: GroupDatabase<Entries>,
  { size = GROUP_SIZE, timing = SYSTEM_TIMING, defer = deferImmediate }: GroupOptions = {},
): GroupCommit<Entries> => {
  let queue: Waiting<Entries>[] = []
  let scheduled = false

  const inTransaction = (group: readonly Waiting<Entries>[]): (() => void)[] => {
    const entries = database.open()
    database.begin()
    try {
      const answers = group.map(({ run }) => {
        const answer = run(entries)
        // Else the operations behind this one would be stored one by one, and COMMIT would end nothing.
        if (!database.inTransaction()) throw new Error('the database ended the transaction itself')
        return answer
      })
      database.commit()
      return answers
    } catch (error) {
      if (!database.inTransaction()) throw error
      try {
        database.rollback()
      } catch (cause) {
        // The transaction is open, so the connection must not be used again, as it would be if this were busy.
        throw database.isBusy(error) ? new Error('no rollback', { cause }) : error
      }
      throw error
    }
  }

  const runGroup = (group: readonly Waiting<Entries>[]): (() => void)[] => {
    if (group.some(({ writes }) => writes)) return inTransaction(group)
    const entries = database.open()
    return group.map(({ run }) => run(entries))
  }

  const failAll = (group: readonly Waiting<Entries>[], cause: unknown): void => {
    if (group.length === 0) return
    const error = database.failed(cause)
    for (const { reject } of group) reject(error)
  }

  /** Runs a group. @returns those that wait for a lock, and not yet for `patience` seconds */
  const attempt = (
    group: readonly Waiting<Entries>[],
    patience: number,
  ): readonly Waiting<Entries>[] => {
    try {
      // No answer leaves before all are there, and on disk.
      for (const answer of runGroup(group)) answer()
      return []
    } catch (cause) {
      if (!database.isBusy(cause)) {
        failAll(group, cause)
        return []
      }
      const now = timing.elapsed()
      const isLate = ({ since }: Waiting<Entries>): boolean => now - since >= patience
      failAll(group.filter(isLate), cause)
      return group.filter((each) => !isLate(each))
    }
  }

  /** Reads need no lock: they are answered while another process holds it. */
  const readMeanwhile = (): void => {
    const reads = queue.filter(({ writes }) => !writes).slice(0, size)
    if (reads.length === 0 || reads.length === queue.length) return
    queue = queue.filter((each) => !reads.includes(each))
    queue.unshift(...attempt(reads, BUSY_SECONDS))
  }

  const turn = (): void => {
    scheduled = false
    if (queue.length === 0) return
    const locked = attempt(queue.splice(0, size), BUSY_SECONDS)
    queue.unshift(...locked)
    if (locked.length > 0) readMeanwhile()
    if (queue.length > 0) schedule(locked.length > 0)
  }

  const schedule = (locked: boolean): void => {
    if (scheduled) return
    scheduled = true
    if (!locked) defer(turn)
    else {
      const pause = MIN_PAUSE_SECONDS + timing.random() * RANDOM_PAUSE_SECONDS
      void timing.wait(pause).then(turn)
    }
  }

  const add = <Result>(writes: boolean, operation: (entries: Entries) => Result): Promise<Result> =>
    new Promise((resolve, reject) => {
      const run = (entries: Entries): (() => void) => {
        const result = operation(entries)
        return () => resolve(result)
      }
      queue.push({ writes, since: timing.elapsed(), run, reject })
      schedule(false)
    })

  return {
    read: (operation) => add(false, operation),
    write: (operation) => add(true, operation),
    drain() {
      while (queue.length > 0) attempt(queue.splice(0, size), 0)
    },
  }
}
