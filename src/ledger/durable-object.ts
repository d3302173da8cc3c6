/**
 * The ledger in SQLite-backed Durable Objects of Cloudflare Workers. Each key belongs to one of a fixed
 * number of objects, so that a fleet does not queue behind one of them.
 * https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
 *
 * @example
 * ```ts
 * import { type ObjectNamespace, createDurableObjectLedger } from 'rollcall/ledger/durable-object'
 * import { createService, parseConfig } from 'rollcall/service'
 *
 * // Bind LEDGER to this class in wrangler.toml, with `new_sqlite_classes`.
 * export { LedgerObject } from 'rollcall/ledger/durable-object'
 *
 * interface Env extends Record<string, unknown> {
 *   readonly LEDGER: ObjectNamespace<unknown>
 * }
 *
 * export default {
 *   async fetch(request: Request, env: Env): Promise<Response> {
 *     const ledger = createDurableObjectLedger(env.LEDGER)
 *     const service = await createService({ config: await parseConfig(env), ledger })
 *     return service.fetch(request)
 *   },
 * }
 * ```
 * @module rollcall/ledger/durable-object
 */

import { LedgerUnavailableError } from '../base/errors.ts'
import { keyOfCursor } from './cursor.ts'
import { hashText } from './hash-text.ts'
import type { Ledger, LedgerEntry, LedgerPage, Swap } from './ledger.ts'
import { type SqlEntries, openSqlEntries } from './sql-entries.ts'

/** Objects that hold what one enrollment leaves behind: challenges, and all other kinds. */
const SHARDS = 64
/** Objects that hold the instances. Constants: other numbers would send known keys to others. */
const INSTANCE_SHARDS = 64
const INSTANCE_KIND = 'instance'
/** Objects that one page of a list asks at most. */
const SHARDS_PER_PAGE = 8
const TIMEOUT_MS = 5_000

/** How often an object removes what has expired. */
const CLEANING_INTERVAL_MS = 600_000
/** What it removes in one go, and how soon it goes on if there is more. */
const CLEANING_STEP = 1_000
const CLEANING_PAUSE_MS = 1_000

// What is used of the platform, as shapes: importing this needs no package of types.

/** The storage of a Durable Object. */
interface ObjectStorage {
  readonly sql: {
    exec(
      statement: string,
      ...bindings: (string | number | null)[]
    ): {
      toArray(): Readonly<Record<string, unknown>>[]
    }
  }
  getAlarm(): Promise<number | null>
  setAlarm(timeMs: number): Promise<void>
}

/** A `DurableObjectNamespace`. */
export interface ObjectNamespace<Id> {
  /** The id of the object that has a name. */
  idFromName(name: string): Id
  /** The object that has an id. */
  get(id: Id): ObjectStub
}

/** An object of a namespace: what is used of a `DurableObjectStub`. */
export interface ObjectStub {
  /** Sends a request to the object. */
  fetch(url: string, init: { method: string; body: string }): Promise<ObjectAnswer>
}

/** What is used of an object's `Response`. */
export interface ObjectAnswer {
  /** Whether the status is 200 to 299. */
  readonly ok: boolean
  /** The HTTP status. */
  readonly status: number
  /** The body. */
  json(): Promise<unknown>
}

/** What an object is asked: one operation of the port, on what it holds. */
type ObjectRequest = { readonly now: number } & (
  | { readonly read: string }
  | { readonly store: LedgerEntry; readonly expected?: string | undefined }
  | { readonly list: string; readonly cursor?: string | undefined; readonly limit: number }
)

/**
 * The Durable Object that holds one shard. Bind its namespace in `wrangler.toml`, with `new_sqlite_classes`; only
 * {@link createDurableObjectLedger} calls it. The example of the module shows both in a Worker.
 * @see https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
 */
export class LedgerObject {
  readonly #storage: ObjectStorage
  readonly #entries: SqlEntries

  /** @internal */
  constructor(state: { readonly storage: ObjectStorage }) {
    this.#storage = state.storage
    const { sql } = this.#storage
    this.#entries = openSqlEntries((...statement) => sql.exec(...statement).toArray())
  }

  /**
   * Answers an operation, as JSON. The answer leaves only when the write is on disk (output gate).
   * @param request from {@link createDurableObjectLedger}
   */
  async fetch(request: Request): Promise<Response> {
    return Response.json(await this.#answer((await request.json()) as ObjectRequest))
  }

  /** Removes some of what has expired, and comes again as long as something is left that expires. */
  async alarm(): Promise<void> {
    const isMore = this.#entries.clean(Math.floor(Date.now() / 1000), CLEANING_STEP)
    if (this.#entries.anyExpiring()) {
      await this.#storage.setAlarm(Date.now() + (isMore ? CLEANING_PAUSE_MS : CLEANING_INTERVAL_MS))
    }
  }

  async #answer(request: ObjectRequest): Promise<unknown> {
    const { now } = request
    if ('read' in request) return { value: this.#entries.read(request.read, now) }
    if ('list' in request) return this.#entries.list(request.list, request, now)
    const swap = this.#entries.compareAndSet(request.store, request.expected, now)
    // Also if it lost: whoever won may have died before it came here.
    if (request.store.expiresAt !== undefined && (await this.#storage.getAlarm()) === null) {
      await this.#storage.setAlarm(Date.now() + CLEANING_INTERVAL_MS)
    }
    return swap
  }
}

/** The objects of a kind. Instances have some of their own, which hold nothing that expires. */
const shardsOf = (kind: string): { readonly name: string; readonly count: number } =>
  kind === INSTANCE_KIND
    ? { name: 'instances', count: INSTANCE_SHARDS }
    : { name: 'ledger', count: SHARDS }

/** The name of the object that a key belongs to. */
const objectOf = (key: string): string => {
  const kind = key.slice(0, key.indexOf(':'))
  const { name, count } = shardsOf(kind)
  const routed = kind === INSTANCE_KIND ? key.slice(kind.length + 1) : key
  return `${name}-${hashText(routed) % count}`
}

/** A place in a list: a shard, and the cursor inside of it if it was begun. */
const CURSOR = /^(\d{1,2})(?:\.([\w-]+))?$/

/**
 * Creates a ledger over the namespace that {@link LedgerObject} is bound to. It holds no connection, so one ledger
 * serves all requests of an isolate. The example of the module shows both in a Worker.
 * @param namespace the binding, such as `env.LEDGER`
 * @returns the ledger
 * @see https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
 */
export const createDurableObjectLedger = <Id>(namespace: ObjectNamespace<Id>): Ledger => {
  const ask = async (
    name: string,
    request: ObjectRequest,
    signal: AbortSignal = AbortSignal.timeout(TIMEOUT_MS),
  ): Promise<unknown> => {
    try {
      const object = namespace.get(namespace.idFromName(name))
      const init = { method: 'POST', body: JSON.stringify(request), signal }
      const response = await object.fetch('https://ledger/', init)
      if (!response.ok) throw new Error(`the ledger object answered ${response.status}`)
      return await response.json()
    } catch (cause) {
      throw new LedgerUnavailableError('the Durable Object of the ledger did not answer', { cause })
    }
  }

  return {
    async read(key, now) {
      const answer = (await ask(objectOf(key), { read: key, now })) as { readonly value?: string }
      return answer.value
    },
    async compareAndSet(entry, expected, now) {
      const swap = (await ask(objectOf(entry.key), { store: entry, expected, now })) as Swap
      return swap.stored ? swap : { stored: false, value: swap.value }
    },
    async list(kind, { cursor = '0', limit }, now) {
      const { name, count } = shardsOf(kind)
      const [, number, begun] = CURSOR.exec(cursor) ?? []
      if (number === undefined || Number(number) >= count) {
        throw new RangeError('not a cursor of this list')
      }
      if (begun !== undefined) keyOfCursor(begun, kind)

      const entries: LedgerPage['entries'][number][] = []
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const end = Math.min(count, Number(number) + SHARDS_PER_PAGE)
      let shard = Number(number)
      let inside = begun
      while (shard < end && entries.length < limit) {
        const request = { list: kind, cursor: inside, limit: limit - entries.length, now }
        const page = (await ask(`${name}-${shard}`, request, signal)) as LedgerPage
        entries.push(...page.entries)
        inside = page.cursor
        if (inside !== undefined) return { entries, cursor: `${shard}.${inside}` }
        shard++
      }
      return { entries, cursor: shard < count ? String(shard) : undefined }
    },
  }
}
