/**
 * The ledger in a SQLite file, over the module of Node and Deno: for one machine, where any number of
 * processes may share the file. An acknowledged write is on disk. A service opens it with
 * `openLedger('sqlite:PATH')` of `rollcall/service`, which also notices a file that was replaced.
 *
 * @example
 * ```ts
 * import { createSqliteLedger } from 'rollcall/ledger/sqlite'
 *
 * const ledger = createSqliteLedger({ path: 'ledger.db' })
 * const now = Math.floor(Date.now() / 1000)
 * const entry = { key: 'challenge:abc', value: 'spent', expiresAt: now + 120 }
 * console.log((await ledger.compareAndSet(entry, undefined, now)).stored) // true
 * console.log(await ledger.read('challenge:abc', now)) // spent
 * ledger.close()
 * ```
 * @module rollcall/ledger/sqlite
 */

import { LedgerUnavailableError, LedgerUnfitError } from '../base/errors.ts'
import { retryWhileBusy } from './busy.ts'
import { checkDatabasePath } from './database-path.ts'
import { fileIdentity } from './file-identity.ts'
import type { Ledger } from './ledger.ts'
import { type RunSql, type SqlEntries, openSqlEntries } from './sql-entries.ts'

const SQLITE_BUSY = 5

/** Cleaning: each so many writes, so many entries. It keeps pace without ever taking long. */
const WRITES_BETWEEN_CLEANING = 32
const CLEANING_STEP = 128

// What is used of `node:sqlite`, as shapes: the oldest Node that this runs on doesn't have it.

interface Statement {
  all(...bindings: (string | number | null)[]): Readonly<Record<string, unknown>>[]
}

interface Database {
  exec(statement: string): void
  prepare(statement: string): Statement
  close(): void
}

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => Database
}

/** Gives the module, if this runtime has it. Not an import: bundlers would want to find it. */
const findModule = (): SqliteModule | undefined => {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  return process?.getBuiltinModule?.('node:sqlite') as SqliteModule | undefined
}

/** A ledger in a file, which can be closed. */
export interface SqliteLedger extends Ledger {
  /** Closes the file. A call after that opens it again. */
  close(): void
  /** How often the file was opened. */
  readonly connections: number
}

interface Opened {
  readonly database: Database
  /** Of the file as it was opened: another file may take its place. */
  readonly identity: string | undefined
  readonly entries: SqlEntries
}

const open = (path: string): Opened => {
  const sqlite = findModule()
  if (sqlite === undefined) {
    throw new LedgerUnfitError(
      'this runtime has no node:sqlite: Node has it from 22.13 on (24 to deploy), and Deno has it',
    )
  }
  const database = new sqlite.DatabaseSync(path)
  try {
    // No waiting inside of SQLite: it would stop the whole process.
    database.exec('PRAGMA busy_timeout = 0')
    database.exec('PRAGMA journal_mode = WAL')
    // Each commit is flushed to disk before it is acknowledged.
    database.exec('PRAGMA synchronous = FULL')
    const prepared = new Map<string, Statement>()
    const run: RunSql = (text, ...bindings) => {
      const statement = prepared.get(text) ?? database.prepare(text)
      prepared.set(text, statement)
      return statement.all(...bindings)
    }
    return { database, identity: fileIdentity(path), entries: openSqlEntries(run) }
  } catch (error) {
    database.close()
    throw error
  }
}

/** The lower byte is the code, whatever the reason behind it; Deno's errors have only a text at times. */
const isBusy = (error: unknown): boolean => {
  const { errcode, message } = error as { errcode?: unknown; message?: unknown }
  return (Number(errcode) & 0xff) === SQLITE_BUSY || message === 'database is locked'
}

/**
 * Creates a ledger in a SQLite file. The file is opened on first use, and made if it is absent. It must not be on a
 * network file system, whose locks are unreliable.
 * @param options `path`: the file; its folder must exist
 * @returns the ledger
 * @throws RangeError if the path names a database in memory, or is not a plain path
 * @example
 * ```ts
 * import { createSqliteLedger } from 'rollcall/ledger/sqlite'
 *
 * const ledger = createSqliteLedger({ path: 'function.db' })
 * console.log(await ledger.read('instance:i-1', 0)) // undefined
 * ledger.close()
 * ```
 * @see https://www.sqlite.org/faq.html#q5
 */
export const createSqliteLedger = (options: { readonly path: string }): SqliteLedger => {
  const path = checkDatabasePath(options.path)
  let opened: Opened | undefined
  let connections = 0
  let writes = 0

  const close = (): void => {
    const { database } = opened ?? {}
    opened = undefined
    database?.close()
  }

  /** The database of the file that is at the path now. */
  const current = (): SqlEntries => {
    // Else this process would go on with a file that was removed or replaced, and that nobody else has.
    if (opened !== undefined && opened.identity !== fileIdentity(path)) close()
    if (opened === undefined) {
      opened = open(path)
      connections++
    }
    return opened.entries
  }

  /** Cleans now and then; a write that is done stands, whatever becomes of cleaning. */
  const clean = (entries: SqlEntries, now: number): void => {
    if (writes++ % WRITES_BETWEEN_CLEANING !== 0) return
    try {
      // By the earlier of two clocks: one that is far ahead must not forget what still protects.
      entries.clean(Math.min(now, Date.now() / 1000), CLEANING_STEP)
    } catch {
      // Another process may hold the lock: next time.
    }
  }

  const using = async <Result>(operation: (entries: SqlEntries) => Result): Promise<Result> => {
    try {
      return await retryWhileBusy(() => operation(current()), isBusy)
    } catch (cause) {
      if (cause instanceof LedgerUnavailableError || cause instanceof RangeError) throw cause
      // Whatever is wrong with the file, the next call begins anew.
      if (!isBusy(cause)) close()
      const { message, errstr = message } = cause as { message?: string; errstr?: string }
      throw new LedgerUnavailableError(
        `the SQLite file of the ledger did not answer (${errstr}): ` +
          'check that its folder exists, that the disk has space, and that this user can write there',
        { cause },
      )
    }
  }

  return {
    read: (key, now) => using((entries) => entries.read(key, now)),
    compareAndSet: (entry, expected, now) =>
      using((entries) => {
        const swap = entries.compareAndSet(entry, expected, now)
        clean(entries, now)
        return swap
      }),
    list: (kind, page, now) => using((entries) => entries.list(kind, page, now)),
    get connections() {
      return connections
    },
    close,
  }
}
