// A SQLite file over the module of Node and Deno: opening it, its transactions and its errors.

import { LedgerUnavailableError, LedgerUnfitError } from '../base/errors.ts'
import { fileIdentity } from './file-identity.ts'
import type { GroupDatabase } from './group-commit.ts'
import { type RunSql, type SqlEntries, openSqlEntries } from './sql-entries.ts'

const SQLITE_BUSY = 5

// What is used of `node:sqlite`, as shapes: the oldest Node that this runs on doesn't have it.

interface Statement {
  all(...bindings: (string | number | null)[]): Readonly<Record<string, unknown>>[]
}

interface Database {
  exec(statement: string): void
  prepare(statement: string): Statement
  close(): void
  /** Node 22.13 to 22.15 lack it. */
  readonly isTransaction?: boolean
}

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => Database
}

/** Gives the module, if this runtime has it. Not an import: bundlers would want to find it. */
const findModule = (): SqliteModule | undefined => {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  return process?.getBuiltinModule?.('node:sqlite') as SqliteModule | undefined
}

interface Opened {
  readonly database: Database
  /** Of the file as it was opened: another file may take its place. */
  readonly identity: string | undefined
  readonly run: RunSql
  readonly entries: SqlEntries
}

const open = (path: string): Opened => {
  const sqlite = findModule()
  if (sqlite === undefined) {
    throw new LedgerUnfitError(
      'this runtime has no node:sqlite; Node has it from 22.13 on (use 24 in production), and Deno has it',
    )
  }
  const database = new sqlite.DatabaseSync(path)
  try {
    // No waiting inside SQLite: it would stop the whole process.
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
    return { database, identity: fileIdentity(path), run, entries: openSqlEntries(run) }
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

/** A file of entries. */
export interface SqliteFile extends GroupDatabase<SqlEntries> {
  /** Closes the file. `open` opens it again. */
  close(): void
  /** How often the file was opened. */
  readonly connections: number
}

/** A file at a path; it is opened by `open`. */
export const createSqliteFile = (path: string): SqliteFile => {
  let opened: Opened | undefined
  let connections = 0

  const close = (): void => {
    const { database } = opened ?? {}
    opened = undefined
    database?.close()
  }

  return {
    open() {
      // Else this process would go on with a file that was removed or replaced, and that nobody else has.
      if (opened !== undefined && opened.identity !== fileIdentity(path)) close()
      if (opened === undefined) {
        opened = open(path)
        connections++
      }
      return opened.entries
    },
    begin() {
      // IMMEDIATE takes the lock now: a lock that is only found missing later could make an attempt fail halfway.
      opened?.run('BEGIN IMMEDIATE')
    },
    commit() {
      opened?.run('COMMIT')
    },
    rollback() {
      opened?.run('ROLLBACK')
    },
    inTransaction: () => opened !== undefined && opened.database.isTransaction !== false,
    isBusy,
    failed(cause) {
      if (cause instanceof LedgerUnavailableError) return cause
      // Whatever is wrong with the file, the next group begins with a new connection.
      if (!isBusy(cause)) close()
      const { message, errstr = message } = cause as { message?: string; errstr?: string }
      return new LedgerUnavailableError(
        `the SQLite file of the ledger did not answer (${errstr}). ` +
          'Check that its folder exists, that the disk has space, and that this user can write there',
        { cause },
      )
    },
    close,
    get connections() {
      return connections
    },
  }
}
