// The Durable Object that holds one shard of the ledger: the port over RPC, on the object's own SQLite. The class that
// the platform calls over RPC must extend one of the platform's, which is given: this file is importable anywhere.

import type { LedgerEntry, LedgerPage, Swap } from './ledger.ts'
import { type SqlEntries, openSqlEntries } from './sql-entries.ts'

/** How often an object removes what has expired. */
const CLEANING_INTERVAL_MS = 600_000
/** What it removes in one go, and how soon it goes on if there is more. */
const CLEANING_STEP = 1_000
const CLEANING_PAUSE_MS = 1_000

/** What is used of the storage of a Durable Object. */
export interface ObjectStorage {
  /** Its SQLite. */
  readonly sql: {
    /** Runs one statement. */
    exec(
      statement: string,
      ...bindings: (string | number | null)[]
    ): {
      /** All rows. */
      toArray(): Readonly<Record<string, unknown>>[]
    }
  }
  /** When `alarm` is called next, in Unix milliseconds. */
  getAlarm(): Promise<number | null>
  /** Sets when that is. @param timeMs Unix milliseconds */
  setAlarm(timeMs: number): Promise<void>
}

/** What is used of a `DurableObjectState`. */
export interface ObjectState {
  /** The storage of the object. */
  readonly storage: ObjectStorage
}

/** One shard. Its methods are those of a ledger; the caller gets an answer once a write is on disk (output gate). */
export interface LedgerObject {
  /**
   * See `Ledger.read`.
   * @param key the key of the entry
   * @param now Unix seconds
   */
  read(key: string, now: number): string | undefined
  /**
   * See `Ledger.compareAndSet`.
   * @param entry what to store
   * @param expected the value that must be there; `undefined`: none
   * @param now Unix seconds
   */
  compareAndSet(entry: LedgerEntry, expected: string | undefined, now: number): Promise<Swap>
  /**
   * See `Ledger.list`.
   * @param kind the part of the keys before the colon
   * @param page where to begin, and how long a page is
   * @param now Unix seconds
   */
  list(
    kind: string,
    page: { readonly cursor?: string | undefined; readonly limit: number },
    now: number,
  ): LedgerPage
  /** Removes some of what has expired. The platform calls it. */
  alarm(): Promise<void>
}

/** What the platform makes a {@link LedgerObject} with. */
export type LedgerObjectClass = new (state: ObjectState, env: unknown) => LedgerObject

/** The platform's `DurableObject`. */
export type LedgerObjectBase = abstract new (state: never, env: never) => object

/**
 * Makes the class of the Durable Objects that hold the ledger. Export it from the Worker, and bind its namespace in
 * `wrangler.toml`, with `new_sqlite_classes`. Only {@link createDurableObjectLedger} calls the objects. The example of
 * the module shows both in a Worker.
 * @param base `DurableObject` of `cloudflare:workers`, without which objects have no RPC
 * @returns the class
 * @see https://developers.cloudflare.com/durable-objects/best-practices/create-durable-object-stubs-and-send-requests/
 */
export const createLedgerObjectClass = (base: LedgerObjectBase): LedgerObjectClass =>
  class extends base implements LedgerObject {
    readonly #storage: ObjectStorage
    readonly #entries: SqlEntries

    constructor(state: ObjectState, env: unknown) {
      super(state as never, env as never)
      this.#storage = state.storage
      const { sql } = this.#storage
      this.#entries = openSqlEntries((...statement) => sql.exec(...statement).toArray())
    }

    read(key: string, now: number): string | undefined {
      return this.#entries.read(key, now)
    }

    async compareAndSet(
      entry: LedgerEntry,
      expected: string | undefined,
      now: number,
    ): Promise<Swap> {
      const swap = this.#entries.compareAndSet(entry, expected, now)
      // Also if it lost: the caller that won may have died before it came here.
      if (entry.expiresAt !== undefined && (await this.#storage.getAlarm()) === null) {
        await this.#storage.setAlarm(Date.now() + CLEANING_INTERVAL_MS)
      }
      return swap
    }

    list(
      kind: string,
      page: { readonly cursor?: string | undefined; readonly limit: number },
      now: number,
    ): LedgerPage {
      return this.#entries.list(kind, page, now)
    }

    async alarm(): Promise<void> {
      const isMore = this.#entries.clean(Math.floor(Date.now() / 1000), CLEANING_STEP)
      // As long as something is left that expires.
      if (this.#entries.anyExpiring()) {
        await this.#storage.setAlarm(
          Date.now() + (isMore ? CLEANING_PAUSE_MS : CLEANING_INTERVAL_MS),
        )
      }
    }
  }
