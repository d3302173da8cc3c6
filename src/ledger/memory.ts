/**
 * The ledger in this process's memory: for one process, for trial and for tests. Its entries are lost with
 * the process; `remembersSince` says when it began.
 *
 * @example
 * ```ts
 * import { createMemoryLedger } from 'rollcall/ledger/memory'
 *
 * const ledger = createMemoryLedger()
 * const now = Math.floor(Date.now() / 1000)
 * const entry = { key: 'challenge:abc', value: 'spent', expiresAt: now + 120 }
 * console.log((await ledger.compareAndSet(entry, undefined, now)).stored) // true
 * console.log(await ledger.read('challenge:abc', now)) // spent
 * ```
 * @module rollcall/ledger/memory
 */

import { KEPT_AFTER_EXPIRY_SECONDS, type Ledger, type LedgerEntry } from './ledger.ts'

/** Entries that one call looks at to remove them: cleaning keeps pace without ever taking long. */
const SWEEP_STEPS = 4
/** Places at the front of an order that may be empty before they are given back. */
const EMPTY_PLACES = 1024
const CURSOR = /^[0-9]{1,15}$/

interface Kept extends LedgerEntry {
  /** When it may be removed, by a clock that nobody sets: the one of the day may go back. */
  readonly removableAtMs: number
  /** Its place in the order of its kind, counted from the first that there ever was. */
  readonly place: number
}

/** The keys of one kind in the order in which they came, for lists. */
interface Order {
  /** How many places have been given back at the front. */
  given: number
  readonly keys: (string | undefined)[]
}

const kindOf = (key: string): string => key.slice(0, key.indexOf(':'))

/**
 * Creates a ledger in the memory of this process.
 * @param remembersSince Unix seconds. Default: the next second by the clock, since in this one another process may
 *   have spent challenges before it stopped
 * @returns the ledger
 * @example
 * ```ts
 * import { createMemoryLedger } from 'rollcall/ledger/memory'
 *
 * const ledger = createMemoryLedger(0)
 * console.log(ledger.remembersSince) // 0
 * ```
 */
export const createMemoryLedger = (
  remembersSince: number = Math.floor(Date.now() / 1000) + 1,
): Ledger => {
  const entries = new Map<string, Kept>()
  const orders = new Map<string, Order>()
  let sweeping = entries.entries()

  const orderOf = (kind: string): Order => {
    const order = orders.get(kind) ?? { given: 0, keys: [] }
    orders.set(kind, order)
    return order
  }

  const alive = (key: string, now: number): string | undefined => {
    const found = entries.get(key)
    return found === undefined || (found.expiresAt ?? Infinity) <= now ? undefined : found.value
  }

  const remove = (key: string, { place }: Kept): void => {
    entries.delete(key)
    const order = orderOf(kindOf(key))
    order.keys[place - order.given] = undefined
    if (order.keys.length < EMPTY_PLACES || order.keys[EMPTY_PLACES - 1] !== undefined) return
    const full = order.keys.findIndex((found) => found !== undefined)
    order.given += order.keys.splice(0, full < 0 ? order.keys.length : full).length
  }

  /** Goes on through all entries, round after round, a few at each call. */
  const sweep = (nowMs: number): void => {
    for (let steps = SWEEP_STEPS; steps > 0; steps--) {
      const { value: next } = sweeping.next()
      if (next === undefined) {
        sweeping = entries.entries()
        return
      }
      const [key, kept] = next
      if (kept.removableAtMs <= nowMs) remove(key, kept)
    }
  }

  return {
    remembersSince,
    async read(key, now) {
      return alive(key, now)
    },
    async compareAndSet(entry, expected, now) {
      const { key, expiresAt = Infinity } = entry
      const value = alive(key, now)
      // Atomic: nothing is awaited between looking and storing, so no other call comes between.
      if (value !== expected) return { stored: false, value }
      const livesMs = (expiresAt - now + KEPT_AFTER_EXPIRY_SECONDS) * 1000
      const order = orderOf(kindOf(key))
      const place = entries.get(key)?.place ?? order.given + order.keys.push(key) - 1
      const nowMs = performance.now()
      const removableAtMs = nowMs + livesMs
      entries.set(key, { key, value: entry.value, expiresAt, place, removableAtMs })
      sweep(nowMs)
      return { stored: true }
    },
    async list(kind, { cursor = '0', limit }, now) {
      if (!CURSOR.test(cursor)) throw new RangeError('not a cursor of this ledger')
      const { given, keys } = orderOf(kind)
      const start = Math.max(0, Number(cursor) - given)
      const page = keys.slice(start, start + limit).flatMap((key) => {
        const value = key === undefined ? undefined : alive(key, now)
        return key === undefined || value === undefined ? [] : [{ key, value }]
      })
      const end = start + limit
      return { entries: page, cursor: end < keys.length ? String(given + end) : undefined }
    },
  }
}
