// The ledger in this process's memory: for one process, for trying things out and for tests. What
// it knew is gone with the process, hence `remembersSince`.

import type { Ledger, LedgerEntry } from './ledger.ts'

/** Expired entries that one call may remove: cleaning keeps pace without ever taking long. */
const SWEEP_STEPS = 4

/**
 * Creates a ledger in memory.
 * @param remembersSince Unix seconds. Default: the next second by the clock, since in this one
 *   another process may have spent challenges before it stopped
 */
export const createMemoryLedger = (
  remembersSince: number = Math.floor(Date.now() / 1000) + 1,
): Ledger => {
  const entries = new Map<string, LedgerEntry>()

  /** Entries stand in the order in which they came, so the oldest are the first to expire. */
  const sweep = (at: number): void => {
    let steps = SWEEP_STEPS
    for (const [key, { expiresAt }] of entries) {
      if (steps-- === 0 || expiresAt > at) return
      entries.delete(key)
    }
  }

  return {
    remembersSince,
    async claim(entry, at) {
      const found = entries.get(entry.key)
      // Atomic: nothing is awaited between looking and storing, so no other call comes between.
      if (found !== undefined && found.expiresAt > at) return found.value
      entries.delete(entry.key)
      entries.set(entry.key, entry)
      sweep(at)
      return undefined
    },
  }
}
