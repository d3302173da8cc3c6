// Copies of the drivers with the atomic clause taken out: more than one racer gets the answer that it stored,
// so the race tests of the contract would see it if the clause were missing.

import { join } from 'node:path'
import { type TestContext, expect, it } from 'vitest'
import type { Ledger, LedgerEntry } from '../../../src/ledger/ledger.ts'
import { createBrokenCopy } from '../../long/races/broken-copy.ts'
import { requireNode24 } from '../../support/node24.ts'
import { requireRedis, startRedisServer } from '../../support/redis-server.ts'
import type { LedgerStore } from '../../cases/ledger/contract.ts'
import { race, winnersOf } from '../../cases/ledger/contract-races.ts'
import { denoHost, nodeHost, openFileStore, openWorkerStore, workerHost } from './hosted-store.ts'
import { NOW, newKey } from '../../cases/ledger/keys.ts'

interface BrokenDriver {
  readonly name: string
  /** The file of the clause, the clause, and what stands in its place. */
  readonly file: string
  readonly clause: string
  readonly replacement: string
  /** What racers expect: nothing, or a value that is there. */
  readonly expected?: string
  /** Opens a store over the driver in a copy of the sources. */
  readonly open: (source: string, context: TestContext) => Promise<LedgerStore>
}

const SQL = 'src/ledger/sql-entries.ts'
/** In SQLite: a clause for each of the two statements. */
const SQL_STATEMENTS: readonly Pick<BrokenDriver, 'clause' | 'replacement' | 'expected'>[] = [
  {
    clause: `WHERE ledger.expires_at <= ?
  RETURNING 1`,
    replacement: `WHERE ledger.expires_at <= ? OR TRUE
  RETURNING 1`,
  },
  {
    clause: 'WHERE key = ? AND value = ? AND (expires_at > ? OR expires_at IS NULL)\n  RETURNING 1',
    replacement: 'WHERE key = ? AND (value = ? OR TRUE OR expires_at > ?)\n  RETURNING 1',
    expected: 'start',
  },
]

const MEMORY_CLAUSE = 'if (value !== expected) return { stored: false, value }'

const BROKEN: readonly BrokenDriver[] = [
  {
    name: 'memory',
    file: 'src/ledger/memory.ts',
    clause: MEMORY_CLAUSE,
    // Between looking and storing, everybody else may look too.
    replacement: `${MEMORY_CLAUSE}
      await new Promise((resolve) => setTimeout(resolve, 500))`,
    open: (source) => openFileStore(nodeHost('memory', process.execPath, { source, tsx: true })),
  },
  ...SQL_STATEMENTS.map((statement) => ({
    name: 'Durable Objects',
    file: SQL,
    ...statement,
    open: (source: string) => openWorkerStore(workerHost({ source })),
  })),
  ...SQL_STATEMENTS.map((statement) => ({
    name: 'a SQLite file, Node 24',
    file: SQL,
    ...statement,
    open: async (source: string, context: TestContext) =>
      openFileStore(nodeHost('sqlite', await requireNode24(context), { source })),
  })),
  {
    name: 'Deno KV',
    file: 'src/ledger/deno-kv.ts',
    clause: '.check(found)',
    replacement: '',
    open: (source) => openFileStore(denoHost('deno-kv', { source })),
  },
  {
    name: 'Redis',
    file: 'src/ledger/redis/redis.ts',
    clause: "if alive ~= (ARGV[2] == '1' and ARGV[3]) then return {0, alive} end",
    replacement: '',
    open: async (source, context) => {
      requireRedis(context)
      const server = await startRedisServer()
      const driver = join(source, 'src/ledger/redis/redis.ts')
      const { createRedisLedger } = (await import(driver)) as {
        createRedisLedger(options: { url: string }): Ledger & { close(): Promise<void> }
      }
      const ledger = createRedisLedger({ url: server.url })
      const close = async (): Promise<void> => {
        await ledger.close()
        await server.close()
      }
      return { ledger, close }
    },
  },
]

// Most of the time is spent on starting hosts.
it.concurrent.for(BROKEN.map((driver) => ({ ...driver, expecting: driver.expected ?? 'nothing' })))(
  'compareAndSet() of $name has more than one winner that expects $expecting once its atomic clause is gone',
  async ({ file, clause, replacement, expected, open }, context) => {
    const copy = createBrokenCopy(file, clause, replacement)
    let store: LedgerStore | undefined
    try {
      store = await open(copy.folder, context)
      const { ledger } = store
      const entry: Pick<LedgerEntry, 'key'> = { key: newKey() }
      if (expected !== undefined) {
        await ledger.compareAndSet({ ...entry, value: expected }, undefined, NOW)
      }
      const swaps = await race(ledger, entry, expected, NOW)
      expect(winnersOf(swaps).length).toBeGreaterThan(1)
    } finally {
      await store?.close()
      copy.remove()
    }
  },
)
