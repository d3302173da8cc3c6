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

import { checkDatabasePath } from './database-path.ts'
import { keyOfCursor } from './cursor.ts'
import { createGroupCommit } from './group-commit.ts'
import type { Ledger } from './ledger.ts'
import { createSqliteFile } from './sqlite-file.ts'

/** Cleaning: each so many writes, so many entries. It keeps pace without ever taking long. */
const WRITES_BETWEEN_CLEANING = 32
const CLEANING_STEP = 128

/** A ledger in a file, which can be closed. */
export interface SqliteLedger extends Ledger {
  /** Closes the file. A call after that opens it again. */
  close(): void
  /** How often the file was opened. */
  readonly connections: number
}

/** What a ledger in a SQLite file takes. */
export interface SqliteLedgerOptions {
  /** The file; its folder must exist. */
  readonly path: string
  /** @internal Calls that share one transaction, at most. Default: 128. For measurements. */
  readonly groupSize?: number
}

/**
 * Creates a ledger in a SQLite file. The file is opened on first use, and made if it is absent. It must not be on a
 * network file system, whose locks are unreliable.
 * @param options where the file is
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
export const createSqliteLedger = (options: SqliteLedgerOptions): SqliteLedger => {
  const file = createSqliteFile(checkDatabasePath(options.path))
  const group = createGroupCommit(file, { size: options.groupSize })
  let writes = 0

  /** Cleans now and then, in the transaction of whatever is stored at the time. */
  const clean = (now: number): void => {
    if (writes++ % WRITES_BETWEEN_CLEANING !== 0) return
    // By the earlier of two clocks: one that is far ahead must not delete what still protects.
    const earlier = Math.min(now, Date.now() / 1000)
    // Whatever goes wrong, the next cleaning does it.
    void group.write((entries) => entries.clean(earlier, CLEANING_STEP)).catch(() => undefined)
  }

  return {
    read: (key, now) => group.read((entries) => entries.read(key, now)),
    async compareAndSet(entry, expected, now) {
      const swap = group.write((entries) => entries.compareAndSet(entry, expected, now))
      clean(now)
      return swap
    },
    async list(kind, page, now) {
      // Here, since in a group a wrong cursor would fail the others too.
      if (page.cursor !== undefined) keyOfCursor(page.cursor, kind)
      return group.read((entries) => entries.list(kind, page, now))
    },
    get connections() {
      return file.connections
    },
    close() {
      group.drain()
      file.close()
    },
  }
}
