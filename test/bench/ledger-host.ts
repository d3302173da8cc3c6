// A process that fills ledgers of one driver and measures them, in whatever runtime the driver needs:
// `ledger-host.ts JSON`. It runs natively in Node 24 and in Deno. Prints the costs, as JSON.

import process from 'node:process'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { instanceEntry } from '../cases/ledger/instance-entries.ts'
import { type Extent, type FilledLedger, fillLedger, measureLedgers } from './ledger-measure.ts'

/** What a host is to do. */
export interface HostTask {
  readonly driver: 'memory' | 'sqlite' | 'deno-kv' | 'redis'
  /** For each ledger how many instances it is to have, and where it is: a path or a URL. */
  readonly ledgers: readonly { readonly size: number; readonly place: string }[]
  readonly extent: Extent
}

type Opened = Ledger & { close?(): void | Promise<void> }

const OPEN: Readonly<Record<HostTask['driver'], (place: string) => Promise<Opened>>> = {
  memory: async () => (await import('../../src/ledger/memory.ts')).createMemoryLedger(),
  sqlite: async (path) => (await import('../../src/ledger/sqlite.ts')).createSqliteLedger({ path }),
  'deno-kv': async (path) =>
    (await import('../../src/ledger/deno-kv.ts')).createDenoKvLedger({ path }),
  redis: async (url) =>
    (await import('../../src/ledger/redis/redis.ts')).createRedisLedger({ url }),
}

interface Database {
  exec(statement: string): void
  prepare(statement: string): {
    all(...bindings: (string | number | null)[]): Readonly<Record<string, unknown>>[]
  }
  close(): void
}

/** The statements of the driver in one transaction: each by itself would wait for the disk. */
const fillSqlite = async (path: string, size: number): Promise<void> => {
  const { openSqlEntries } = await import('../../src/ledger/sql-entries.ts')
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite') as unknown as {
    DatabaseSync: new (path: string) => Database
  }
  const database = new DatabaseSync(path)
  const prepared = new Map<string, ReturnType<Database['prepare']>>()
  const entries = openSqlEntries((text, ...bindings) => {
    const statement = prepared.get(text) ?? database.prepare(text)
    prepared.set(text, statement)
    return statement.all(...bindings)
  })
  database.exec('BEGIN')
  for (let i = 0; i < size; i++) entries.compareAndSet(instanceEntry(i), undefined, 1)
  database.exec('COMMIT')
  database.close()
}

const { driver, ledgers, extent } = JSON.parse(process.argv[2] ?? '') as HostTask
const filled: (FilledLedger & { readonly ledger: Opened })[] = []
for (const { size, place } of ledgers) {
  if (driver === 'sqlite') await fillSqlite(place, size)
  const ledger = await OPEN[driver](place)
  filled.push({ ledger, size })
  if (driver === 'sqlite') continue
  await fillLedger({ ledger, size }, (done) => {
    if (done % 100_000 === 0) process.stderr.write(`${driver}: ${done} of ${size}\n`)
  })
}
const costs = await measureLedgers(filled, {
  ...extent,
  cold: driver === 'memory' || driver === 'sqlite',
})
for (const { ledger } of filled) await ledger.close?.()
process.stdout.write(`${JSON.stringify(costs)}\n`)
