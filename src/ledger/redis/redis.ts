/**
 * The ledger in Redis 5 or newer, Tair or Valkey, one server or a cluster. Every operation touches one key
 * with one atomic script. A stored entry is as safe as the server makes it: to lose no acknowledged write it
 * needs `appendonly yes` and `appendfsync always`, and a replica that takes over may lack the last moments
 * before. A service opens it with `openLedger('redis://HOST')` of `rollcall/service`, which also notices a
 * server that lost its entries.
 *
 * Each script begins with a write that changes nothing, which a replica refuses. A server that was demoted
 * keeps its connections and answers plain reads from what it has, so it would not know a ban made elsewhere.
 *
 * A value is stored as its expiry in Unix seconds (0: never), a space, the value.
 *
 * @example
 * ```ts
 * import { createRedisLedger } from 'rollcall/ledger/redis'
 *
 * const ledger = createRedisLedger({ url: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' })
 * const now = Math.floor(Date.now() / 1000)
 * const entry = { key: 'challenge:abc', value: 'spent', expiresAt: now + 120 }
 * console.log((await ledger.compareAndSet(entry, undefined, now)).stored) // true
 * console.log(await ledger.read('challenge:abc', now)) // spent
 * await ledger.close()
 * ```
 * @module rollcall/ledger/redis
 */

import { LedgerUnavailableError } from '../../base/errors.ts'
import { KEPT_AFTER_EXPIRY_SECONDS, type Ledger, type LedgerEntry, type Swap } from '../ledger.ts'
import type { RedisTlsOptions } from './client.ts'
import { createRedisConnection } from './connection.ts'
import { parseScanCursor, scanKeys } from './scan.ts'
import { parseRedisUrl } from './url.ts'

export type { RedisTlsOptions } from './client.ts'

/** See {@link createRedisLedger}. */
export interface RedisLedgerOptions {
  /** As `parseRedisUrl` reads it. */
  readonly url: string
  /** What all keys begin with, in place of what the URL says: 1 to 64 characters `A-Z a-z 0-9 : . _ -`. */
  readonly prefix?: string | undefined
  /** Whether it is a cluster, in place of what the URL says. A cluster behind a proxy counts as one server. */
  readonly cluster?: boolean | undefined
  /** With `rediss://` only. */
  readonly tls?: RedisTlsOptions | undefined
  /** Takes the driver's warnings, a line each. Default: nobody hears them. */
  readonly report?: ((line: string) => void) | undefined
}

/** A ledger with connections to end. */
export interface RedisLedger extends Ledger {
  /** Ends the connections, and with them what is under way; no call after it is answered. */
  close(): Promise<void>
  /** How many servers it has connected to, each time that it did. */
  readonly connections: number
}

// Writing nothing into a text at its beginning: no key is made, no expiry or value changes, and nothing goes to
// the append-only file. `call`, not `pcall`: its refusal ends the script.
const REFUSED_BY_REPLICAS = `redis.call('SETRANGE', KEYS[1], 0, '')`

// KEYS: the key.
const READ_ENTRY = `
${REFUSED_BY_REPLICAS}
return redis.call('GET', KEYS[1])
`

// KEYS: the key. ARGV: now; 1 and the expected value, or 0 and nothing; what to store; milliseconds
// after which the server may remove it, or 0. Redis before 7 runs it anew on its replicas, so it asks
// for no clock: the caller's counts.
const COMPARE_AND_SET = `
${REFUSED_BY_REPLICAS}
local kept, alive = redis.call('GET', KEYS[1]), false
if kept then
  local space = string.find(kept, ' ', 1, true)
  local expiry = space and tonumber(string.sub(kept, 1, space - 1))
  if not expiry then return redis.error_reply('FOREIGN value') end
  if expiry == 0 or expiry > tonumber(ARGV[1]) then alive = string.sub(kept, space + 1) end
end
if alive ~= (ARGV[2] == '1' and ARGV[3]) then return {0, alive} end
if ARGV[5] == '0' then
  redis.call('SET', KEYS[1], ARGV[4])
else
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
end
return {1}
`

const KEPT = /^(-?[0-9]+) ([^]*)$/
const MAX_KEPT_SECONDS = 3_000_000_000

const encode = ({ value, expiresAt }: LedgerEntry): string =>
  // 0 stands for never, so what expired at 0 is written as -1.
  `${expiresAt === undefined ? 0 : Math.floor(expiresAt) || -1} ${value}`

/** @throws LedgerUnavailableError if it is nothing that `encode` made */
const alive = (kept: string | null, now: number): string | undefined => {
  if (kept === null) return undefined
  const [, expiry, value] = KEPT.exec(kept) ?? []
  if (expiry === undefined) {
    throw new LedgerUnavailableError(
      'the Redis of the ledger has a value of another program under a key of the ledger; give it its own prefix',
    )
  }
  return expiry === '0' || Number(expiry) > now ? value : undefined
}

/**
 * After how many milliseconds the server may remove an entry; 0: never. Relative, because the clocks
 * of the caller and of the server may differ. It is for cleaning only, so longer is always right.
 */
const removableAfterMs = ({ expiresAt }: LedgerEntry, now: number): number => {
  if (expiresAt === undefined) return 0
  const seconds = Math.ceil(expiresAt - now) + KEPT_AFTER_EXPIRY_SECONDS
  return seconds > MAX_KEPT_SECONDS ? 0 : Math.max(seconds, 1) * 1000
}

/**
 * Creates a ledger in Redis. It connects on first use, and needs the package `ioredis`. Each call refuses a server
 * that could lose entries: one whose `maxmemory-policy` is not `noeviction`, or one without an append-only file
 * (unless the URL has `allow-unsafe=true`).
 *
 * A cursor of `list` ends when a server restarts or slots move, since the order changes then: it throws a
 * RangeError, and you start again from the first page.
 * @param options `url` is required
 * @returns the ledger
 * @throws RangeError if an option is not valid; the message never holds the password
 * @example
 * ```ts
 * import { createRedisLedger } from 'rollcall/ledger/redis'
 *
 * const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'
 * const ledger = createRedisLedger({ url, prefix: 'rollcall:', report: console.error })
 * console.log(await ledger.read('instance:i-1', 0)) // undefined
 * await ledger.close()
 * ```
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
 */
export const createRedisLedger = ({
  url,
  prefix: otherPrefix,
  cluster,
  tls,
  report = () => {},
}: RedisLedgerOptions): RedisLedger => {
  const target = parseRedisUrl(url, { prefix: otherPrefix, cluster })
  if (tls !== undefined && !target.secure) throw new RangeError('tls: expected with rediss:// only')
  const { prefix } = target
  const scripts = {
    readEntry: { lua: READ_ENTRY, numberOfKeys: 1 },
    compareAndSet: { lua: COMPARE_AND_SET, numberOfKeys: 1 },
  }
  const connection = createRedisConnection(target, tls ?? {}, scripts, report)

  return {
    async read(key, now) {
      return alive(await connection.use((client) => client.readEntry(prefix + key)), now)
    },

    async compareAndSet(entry, expected, now): Promise<Swap> {
      const args = [
        prefix + entry.key,
        now,
        expected === undefined ? 0 : 1,
        expected ?? '',
        encode(entry),
        removableAfterMs(entry, now),
      ]
      const answer = await connection.use((client) => client.compareAndSet(...args))
      const [stored, value] = answer as [stored: number, value?: string | null]
      return stored === 1 ? { stored: true } : { stored: false, value: value ?? undefined }
    },

    async list(kind, { cursor, limit }, now) {
      const start = cursor === undefined ? undefined : parseScanCursor(cursor)
      const beginning = `${prefix}${kind}:`
      const page = await connection.use(async (client, primaries) => {
        const { cluster } = target
        const scan = { start, beginning, limit, cluster, confirm: connection.confirmPrimary }
        const { keys, next } = await scanKeys(primaries, scan)
        // Sent together; each asks for one key, since in a cluster they are in different places.
        const values = await Promise.all(keys.map((key) => client.readEntry(key)))
        return { keys, next, values }
      })
      const entries = page.keys.flatMap((key, index) => {
        const value = alive(page.values[index] ?? null, now)
        return value === undefined ? [] : [{ key: key.slice(prefix.length), value }]
      })
      return { entries, cursor: page.next }
    },

    get connections() {
      return connection.connections
    },
    close: () => connection.close(),
  }
}
