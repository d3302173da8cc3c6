/**
 * The ledger in SQLite-backed Durable Objects of Cloudflare Workers. Each key belongs to one of a fixed
 * number of objects, so that a fleet does not queue behind one of them.
 * https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
 *
 * @example
 * ```ts
 * import { DurableObject } from 'cloudflare:workers'
 * import {
 *   type ObjectNamespace,
 *   createDurableObjectLedger,
 *   createLedgerObjectClass,
 * } from 'rollcall/ledger/durable-object'
 * import { createService, parseConfig } from 'rollcall/service'
 *
 * // Bind LEDGER to this class in wrangler.toml, with `new_sqlite_classes`.
 * export const LedgerObject = createLedgerObjectClass(DurableObject)
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
import { within } from '../base/timing.ts'
import { keyOfCursor } from './cursor.ts'
import { hashText } from './hash-text.ts'
import type { Ledger, LedgerPage } from './ledger.ts'

export {
  type LedgerObject,
  type LedgerObjectBase,
  type LedgerObjectClass,
  type ObjectState,
  type ObjectStorage,
  createLedgerObjectClass,
} from './ledger-object.ts'

/** Objects that hold what one enrollment leaves behind: challenges, and all other kinds. */
const SHARDS = 64
/** Objects that hold the instances. Constants: other numbers would send known keys to others. */
const INSTANCE_SHARDS = 64
const INSTANCE_KIND = 'instance'
/** Objects that one page of a list asks at most. */
const SHARDS_PER_PAGE = 8
const TIMEOUT_SECONDS = 5

// What is used of the platform, as shapes: importing this needs no package of types, and no platform.

/** A `DurableObjectNamespace`. */
export interface ObjectNamespace<Id> {
  /** The id of the object that has a name. */
  idFromName(name: string): Id
  /** The object that has an id. */
  get(id: Id): ObjectStub
}

/** An object of a namespace, with its methods over RPC: what is used of a `DurableObjectStub`. */
export type ObjectStub = Pick<Ledger, 'read' | 'compareAndSet' | 'list'>

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

/** A place in a list: a shard, and the cursor in it if it was begun. */
const CURSOR = /^(\d{1,2})(?:\.([\w-]+))?$/

/**
 * Creates a ledger over the namespace of a class of {@link createLedgerObjectClass}. It holds no connection, so one ledger
 * serves all requests of an isolate. The example of the module shows both in a Worker.
 * @param namespace the binding, such as `env.LEDGER`
 * @returns the ledger
 * @see https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
 */
export const createDurableObjectLedger = <Id>(namespace: ObjectNamespace<Id>): Ledger => {
  /** Asks the object of a name. Each time with a new stub, since one that failed once fails ever after. */
  const ask = async <Answer>(
    name: string,
    call: (object: ObjectStub) => Promise<Answer>,
  ): Promise<Answer> => {
    try {
      const answer = call(namespace.get(namespace.idFromName(name)))
      return await within(TIMEOUT_SECONDS, answer, () => {
        throw new Error(`no answer within ${TIMEOUT_SECONDS} s`)
      })
    } catch (cause) {
      throw new LedgerUnavailableError('the Durable Object of the ledger did not answer', { cause })
    }
  }

  return {
    read: (key, now) => ask(objectOf(key), (object) => object.read(key, now)),
    compareAndSet: (entry, expected, now) =>
      ask(objectOf(entry.key), (object) => object.compareAndSet(entry, expected, now)),
    async list(kind, { cursor = '0', limit }, now) {
      const { name, count } = shardsOf(kind)
      const [, number, begun] = CURSOR.exec(cursor) ?? []
      if (number === undefined || Number(number) >= count) {
        throw new RangeError('not a cursor of this list')
      }
      if (begun !== undefined) keyOfCursor(begun, kind)

      const entries: LedgerPage['entries'][number][] = []
      const end = Math.min(count, Number(number) + SHARDS_PER_PAGE)
      let shard = Number(number)
      let inside = begun
      while (shard < end && entries.length < limit) {
        const rest = { cursor: inside, limit: limit - entries.length }
        const page = await ask(`${name}-${shard}`, (object) => object.list(kind, rest, now))
        entries.push(...page.entries)
        inside = page.cursor
        if (inside !== undefined) return { entries, cursor: `${shard}.${inside}` }
        shard++
      }
      return { entries, cursor: shard < count ? String(shard) : undefined }
    },
  }
}
