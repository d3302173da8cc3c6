// The ledger in SQLite-backed Durable Objects of Cloudflare Workers. Each key belongs to one of a
// fixed number of objects, so that a fleet does not queue behind one of them.
// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/

import { LedgerUnavailableError } from '../errors.ts'
import type { Ledger, LedgerEntry } from './ledger.ts'

/** Number of objects. A constant: another number would send known keys to objects that don't know them. */
const SHARDS = 64
const TIMEOUT_MS = 5_000
/** How often an object removes what has expired. */
const CLEANING_INTERVAL_MS = 600_000

// What is used of the platform, as shapes: importing this needs no package of types.

/** The storage of a Durable Object. */
interface ObjectStorage {
  readonly sql: {
    exec(
      statement: string,
      ...bindings: (string | number)[]
    ): {
      toArray(): Readonly<Record<string, unknown>>[]
    }
  }
  getAlarm(): Promise<number | null>
  setAlarm(timeMs: number): Promise<void>
}

/** A `DurableObjectNamespace`. */
export interface ObjectNamespace<Id> {
  idFromName(name: string): Id
  get(id: Id): {
    fetch(
      url: string,
      init: { method: string; body: string },
    ): Promise<{ readonly ok: boolean; readonly status: number; json(): Promise<unknown> }>
  }
}

interface ClaimRequest extends LedgerEntry {
  readonly now: number
}

interface ClaimAnswer {
  /** The value that was there; absent if the claim stored its own. */
  readonly value?: string
}

/** The Durable Object that holds one shard. Bind its namespace in `wrangler.toml`; nothing else calls it. */
export class LedgerObject {
  readonly #storage: ObjectStorage

  constructor(state: { readonly storage: ObjectStorage }) {
    this.#storage = state.storage
    this.#storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS entries (
         key TEXT PRIMARY KEY, value TEXT NOT NULL, expires_at INTEGER NOT NULL
       ) WITHOUT ROWID`,
    )
    this.#storage.sql.exec('CREATE INDEX IF NOT EXISTS by_expiry ON entries (expires_at)')
  }

  /** Answers a claim, as JSON. The answer leaves only when the write is on disk (output gate). */
  async fetch(request: Request): Promise<Response> {
    const claim = (await request.json()) as ClaimRequest
    const answer = this.#claim(claim)
    if ((await this.#storage.getAlarm()) === null) {
      await this.#storage.setAlarm(Date.now() + CLEANING_INTERVAL_MS)
    }
    return Response.json(answer)
  }

  /** Removes what has expired, and comes again as long as something is left. */
  async alarm(): Promise<void> {
    const { sql } = this.#storage
    // A day behind the clock: an entry protects by the enrolling isolate's clock, not by this one.
    const until = Math.floor(Date.now() / 1000) - 86_400
    sql.exec('DELETE FROM entries WHERE expires_at <= ?', until)
    if (sql.exec('SELECT 1 FROM entries LIMIT 1').toArray().length > 0) {
      await this.#storage.setAlarm(Date.now() + CLEANING_INTERVAL_MS)
    }
  }

  #claim({ key, value, expiresAt, now }: ClaimRequest): ClaimAnswer {
    const { sql } = this.#storage
    // Atomic: one statement decides. A row comes back only if it stored the entry.
    const stored = sql.exec(
      `INSERT INTO entries (key, value, expires_at) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
         WHERE entries.expires_at <= ?
       RETURNING 1`,
      key,
      value,
      expiresAt,
      now,
    )
    if (stored.toArray().length > 0) return {}
    const [found] = sql.exec('SELECT value FROM entries WHERE key = ?', key).toArray()
    return { value: String(found?.['value']) }
  }
}

/** FNV-1a over the key's characters, 32 bits: spreads keys evenly, and is the same everywhere. */
const shardOf = (key: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % SHARDS
}

/**
 * Creates a ledger over the namespace that {@link LedgerObject} is bound to. It holds no connection,
 * so one serves all requests of an isolate.
 */
export const createDurableObjectLedger = <Id>(namespace: ObjectNamespace<Id>): Ledger => ({
  async claim(entry, now) {
    try {
      const object = namespace.get(namespace.idFromName(`ledger-${shardOf(entry.key)}`))
      const claim: ClaimRequest = { ...entry, now }
      const init = {
        method: 'POST',
        body: JSON.stringify(claim),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      }
      const response = await object.fetch('https://ledger/claim', init)
      if (!response.ok) throw new Error(`the ledger object answered ${response.status}`)
      return ((await response.json()) as ClaimAnswer).value
    } catch (cause) {
      throw new LedgerUnavailableError('the Durable Object of the ledger did not answer', { cause })
    }
  },
})
