// The entries of a ledger in SQLite: what the Durable Object and the SQLite file have in common. All
// of it is synchronous, over one function that runs a statement.

import { cursorBehind, keyOfCursor } from './cursor.ts'
import type { LedgerEntry, LedgerPage, Swap } from './ledger.ts'

/** Runs one statement. @returns all of its rows */
export type RunSql = (
  statement: string,
  ...bindings: (string | number | null)[]
) => readonly Readonly<Record<string, unknown>>[]

/**
 * How far cleaning stays behind its clock, in seconds: a day. An entry protects by the clock of the process that
 * enrolls an instance, and not by this one.
 */
const CLEANING_DELAY_SECONDS = 86_400

// No rowid: a row is in the tree of its key, once. Entries that never expire aren't in the index.
const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS ledger (
     key TEXT PRIMARY KEY, value TEXT NOT NULL, expires_at INTEGER
   ) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS ledger_by_expiry ON ledger (expires_at)
     WHERE expires_at IS NOT NULL`,
]

const READ = 'SELECT value FROM ledger WHERE key = ? AND (expires_at > ? OR expires_at IS NULL)'

// Atomic: one statement decides. A row comes back only if it stored the entry.
const STORE_NEW = `INSERT INTO ledger (key, value, expires_at) VALUES (?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
    WHERE ledger.expires_at <= ?
  RETURNING 1`
const REPLACE = `UPDATE ledger SET value = ?, expires_at = ?
  WHERE key = ? AND value = ? AND (expires_at > ? OR expires_at IS NULL)
  RETURNING 1`

// What has expired counts for the limit, so that a page costs the same however many those are.
const LIST = `SELECT key, value, expires_at <= ? AS expired FROM ledger
  WHERE key > ? AND key < ? ORDER BY key LIMIT ?`

const CLEAN = `DELETE FROM ledger WHERE key IN
  (SELECT key FROM ledger WHERE expires_at <= ? LIMIT ?) RETURNING 1`
const ANY_EXPIRING = 'SELECT 1 FROM ledger WHERE expires_at IS NOT NULL LIMIT 1'

// Some runtimes end a text at its first NUL when they read it, so no NUL is written.
const escaped = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replaceAll(/[\u0000\u0001]/g, (char) =>
    char === '\u0000' ? '\u0001\u0001' : '\u0001\u0002',
  )
const unescaped = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replaceAll(/\u0001[\u0001\u0002]/g, (pair) =>
    pair === '\u0001\u0001' ? '\u0000' : '\u0001',
  )

/** The verbs of the port, synchronous, and cleaning. */
export interface SqlEntries {
  read(key: string, now: number): string | undefined
  /** Its statements must run in one transaction, or where nobody else can write in between. */
  compareAndSet(entry: LedgerEntry, expected: string | undefined, now: number): Swap
  /** @throws RangeError if the cursor did not come from this list */
  list(
    kind: string,
    page: { readonly cursor?: string | undefined; readonly limit: number },
    now: number,
  ): LedgerPage
  /**
   * Removes some of what expired a day or longer ago.
   * @param limit how many at most
   * @returns whether there may be more
   */
  clean(now: number, limit: number): boolean
  /** Whether anything is left for cleaning, now or later. */
  anyExpiring(): boolean
}

/** Opens the entries of a database; makes table and index if it has none. */
export const openSqlEntries = (run: RunSql): SqlEntries => {
  for (const statement of SCHEMA) run(statement)

  const read: SqlEntries['read'] = (key, now) => {
    const [found] = run(READ, escaped(key), now)
    return found === undefined ? undefined : unescaped(String(found['value']))
  }

  const stores = (entry: LedgerEntry, expected: string | undefined, now: number): boolean => {
    const [key, value, expiresAt] = [
      escaped(entry.key),
      escaped(entry.value),
      entry.expiresAt ?? null,
    ]
    const rows =
      expected === undefined
        ? run(STORE_NEW, key, value, expiresAt, now)
        : run(REPLACE, value, expiresAt, key, escaped(expected), now)
    return rows.length > 0
  }

  return {
    read,
    compareAndSet(entry, expected, now) {
      return stores(entry, expected, now)
        ? { stored: true }
        : { stored: false, value: read(entry.key, now) }
    },
    list(kind, { cursor, limit }, now) {
      const behind = cursor === undefined ? `${kind}:` : keyOfCursor(cursor, kind)
      // The colon's successor: every key of the kind is below.
      const rows = run(LIST, now, escaped(behind), `${kind};`, limit)
      const keys = rows.map((row) => unescaped(String(row['key'])))
      const entries = rows.flatMap((row, i) =>
        row['expired'] === 1
          ? []
          : [{ key: String(keys[i]), value: unescaped(String(row['value'])) }],
      )
      const last = keys.at(-1)
      const isLast = last === undefined || keys.length < limit
      return { entries, cursor: isLast ? undefined : cursorBehind(last) }
    },
    clean: (now, limit) => run(CLEAN, now - CLEANING_DELAY_SECONDS, limit).length === limit,
    anyExpiring: () => run(ANY_EXPIRING).length > 0,
  }
}
