/**
 * The ledger in Deno KV. Its own expiry is for cleaning only: it comes late, and goes by its own clock.
 * A service opens it with `openLedger('deno-kv:PATH')` of `rollcall/service`, which also notices a store
 * that was replaced. https://docs.deno.com/deploy/kv/
 *
 * @example
 * ```ts
 * import { createDenoKvLedger } from 'rollcall/ledger/deno-kv'
 *
 * const ledger = createDenoKvLedger({ path: 'ledger.kv' })
 * const now = Math.floor(Date.now() / 1000)
 * const entry = { key: 'challenge:abc', value: 'spent', expiresAt: now + 120 }
 * console.log((await ledger.compareAndSet(entry, undefined, now)).stored) // true
 * console.log(await ledger.read('challenge:abc', now)) // spent
 * await ledger.close()
 * ```
 * @module rollcall/ledger/deno-kv
 */

import { LedgerUnavailableError, LedgerUnfitError } from '../base/errors.ts'
import { within } from '../base/timing.ts'
import { retryWhileBusy } from './busy.ts'
import { checkDatabasePath } from './database-path.ts'
import { cursorBehind, keyOfCursor } from './cursor.ts'
import { fileIdentity } from './file-identity.ts'
import type { Ledger, Swap } from './ledger.ts'

const TIMEOUT_SECONDS = 5
/** How often a store is tried again that somebody else's came before. */
const ATTEMPTS = 32
/** How long the store keeps what has expired, in seconds: a day, since its clock may be wrong. */
const KEPT_SECONDS = 86_400
const PREFIX = 'rollcall'

// What is used of the platform, as shapes: importing this needs no package of types.

type KvKey = readonly [prefix: string, kind: string, ...name: string[]]

interface KvEntry {
  readonly key: readonly unknown[]
  readonly value: unknown
  readonly versionstamp: string | null
}

interface KvAtomic {
  check(entry: KvEntry): KvAtomic
  set(key: KvKey, value: unknown, options: { expireIn?: number }): KvAtomic
  commit(): Promise<{ readonly ok: boolean }>
}

interface Kv {
  get(key: KvKey, options: { consistency: 'strong' }): Promise<KvEntry>
  list(
    selector: { prefix: KvKey; start?: KvKey },
    options: { limit: number; consistency: 'strong' },
  ): AsyncIterable<KvEntry>
  atomic(): KvAtomic
  close(): void
}

/** What is stored under a key. */
interface Stored {
  readonly value: string
  /** Unix seconds; absent: never. */
  readonly expiresAt?: number
}

/** A ledger in Deno KV, which can be closed. */
export interface DenoKvLedger extends Ledger {
  /** Closes the store. A call after that opens it again. */
  close(): Promise<void>
  /** How often the store was opened. */
  readonly connections: number
}

/** An open store, and the identity of its file: another file may take its place. */
interface Opened {
  readonly kv: Kv
  readonly identity: string | undefined
}

const openKv = async (path: string | undefined): Promise<Kv> => {
  const { Deno } = globalThis as { Deno?: { openKv?(path?: string): Promise<Kv> } }
  if (Deno?.openKv === undefined) {
    throw new LedgerUnfitError('this runtime has no Deno KV: start Deno with --unstable-kv')
  }
  return Deno.openKv(path)
}

const kvKey = (key: string): KvKey => {
  const colon = key.indexOf(':')
  return [PREFIX, key.slice(0, colon), key.slice(colon + 1)]
}

const alive = (entry: KvEntry, now: number): string | undefined => {
  const stored = entry.value as Stored | null
  return stored === null || (stored.expiresAt ?? Infinity) <= now ? undefined : stored.value
}

/**
 * A database in a file says so at once if another process is writing; it has changed nothing then. The
 * second message is for those whose write was to go into the same transaction.
 */
const isBusy = (error: unknown): boolean =>
  /database is locked|batch transaction failed/.test(String((error as Error | null)?.message))

/** Gives up waiting after a while; what was begun may still happen. */
const inTime = <Result>(result: Promise<Result>): Promise<Result> =>
  within(TIMEOUT_SECONDS, result, () => {
    throw new Error('timed out')
  })

/**
 * Creates a ledger in Deno KV, which is opened on first use.
 * @param options `path`: the database's file, or its URL. Default: the database that Deno keeps for the program
 * @returns the ledger
 * @throws RangeError if the path names a database in memory, or is not a plain path
 * @example
 * ```ts
 * import { createDenoKvLedger } from 'rollcall/ledger/deno-kv'
 *
 * const ledger = createDenoKvLedger({ path: 'function.kv' })
 * console.log(await ledger.read('instance:i-1', 0)) // undefined
 * await ledger.close()
 * ```
 * @see https://docs.deno.com/deploy/kv/
 */
export const createDenoKvLedger = ({ path }: { readonly path?: string } = {}): DenoKvLedger => {
  if (path !== undefined) checkDatabasePath(path)
  let opening: Promise<Opened> | undefined
  let connections = 0

  const identify = (): string | undefined => (path === undefined ? undefined : fileIdentity(path))

  const open = async (): Promise<Opened> => {
    const kv = await openKv(path)
    connections++
    return { kv, identity: identify() }
  }

  const close = async (): Promise<void> => {
    const closing = opening
    opening = undefined
    ;(await closing)?.kv.close()
  }

  const opened = async (): Promise<Kv> => {
    const mine = (opening ??= open().catch((error: unknown) => {
      // The next call tries again.
      opening = undefined
      throw error
    }))
    const { kv, identity } = await mine
    if (identity === identify()) return kv
    // Else this process would go on with a file that was removed or replaced, and that nobody else has.
    if (opening === mine) await close()
    return opened()
  }

  const using = async <Result>(operation: (kv: Kv) => Promise<Result>): Promise<Result> => {
    try {
      return await inTime(retryWhileBusy(async () => operation(await opened()), isBusy))
    } catch (cause) {
      if (cause instanceof LedgerUnavailableError) throw cause
      throw new LedgerUnavailableError('Deno KV did not answer', { cause })
    }
  }

  const swap = async (
    kv: Kv,
    { key, value, expiresAt }: Parameters<Ledger['compareAndSet']>[0],
    expected: string | undefined,
    now: number,
  ): Promise<Swap> => {
    const stored: Stored = expiresAt === undefined ? { value } : { value, expiresAt }
    const options =
      expiresAt === undefined
        ? {}
        : { expireIn: Math.ceil(Math.max(0, expiresAt - now) + KEPT_SECONDS) * 1000 }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await kv.get(kvKey(key), { consistency: 'strong' })
      const current = alive(found, now)
      // Atomic: it stores only if what was found is still there. A caller that loses commits
      // nothing, and learns that only from a store that takes writes, as in the other drivers.
      const check = kv.atomic().check(found)
      const loses = current !== expected
      const change = loses ? check : check.set(kvKey(key), stored, options)
      if (!(await change.commit()).ok) continue
      return loses ? { stored: false, value: current } : { stored: true }
    }
    throw new Error('others changed the entry again and again')
  }

  const collect = async (
    kv: Kv,
    kind: string,
    behind: string | undefined,
    limit: number,
  ): Promise<KvEntry[]> => {
    const prefix: KvKey = [PREFIX, kind]
    // The next text after a text is the one with a NUL more.
    const selector = behind === undefined ? { prefix } : { prefix, start: kvKey(`${behind}\u0000`) }
    const entries: KvEntry[] = []
    for await (const entry of kv.list(selector, { limit, consistency: 'strong' })) {
      entries.push(entry)
    }
    return entries
  }

  return {
    read: (key, now) =>
      using(async (kv) => alive(await kv.get(kvKey(key), { consistency: 'strong' }), now)),
    compareAndSet: (entry, expected, now) => using((kv) => swap(kv, entry, expected, now)),
    async list(kind, { cursor, limit }, now) {
      const behind = cursor === undefined ? undefined : keyOfCursor(cursor, kind)
      const found = await using((kv) => collect(kv, kind, behind, limit))
      const keyOf = ({ key }: KvEntry): string => `${kind}:${String(key[2])}`
      const entries = found.flatMap((entry) => {
        const value = alive(entry, now)
        return value === undefined ? [] : [{ key: keyOf(entry), value }]
      })
      const last = found.at(-1)
      const isLast = last === undefined || found.length < limit
      return { entries, cursor: isLast ? undefined : cursorBehind(keyOf(last)) }
    },
    get connections() {
      return connections
    },
    close,
  }
}
