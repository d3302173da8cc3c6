// Stores of deployments, and how they are made unable to answer: a file that another process has locked,
// a Redis that is gone.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { holdLocks } from '../ledger/hold-locks.ts'
import type { RunningProcess } from '../../support/processes.ts'
import { requireRedis, startRedisServer } from '../../support/redis-server.ts'

/** A store. */
export interface Store {
  /** `ROLLCALL_LEDGER`; absent where the runtime has a ledger of its own. */
  readonly ledger?: string
  breakStore(): Promise<void>
  /** Whether it can still be read then. */
  readonly readsWhileBroken: boolean
  mendStore(): Promise<void>
  close(): Promise<void>
}

const databasesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:sqlite|sqlite3|db)$/.test(name))
    .map((name) => join(folder, name))

/** A store whose SQLite files are below a folder. */
export const fileStore = (folder: string, ledger?: string): Store => {
  let lock: RunningProcess | undefined
  const mendStore = async (): Promise<void> => {
    await lock?.stop()
    lock = undefined
  }
  return {
    ...(ledger !== undefined && { ledger }),
    readsWhileBroken: true,
    async breakStore() {
      lock = await holdLocks(databasesBelow(folder))
    },
    mendStore,
    close: mendStore,
  }
}

/** A Redis of its own. */
export const redisStore = async (context: Pick<TestContext, 'skip'>): Promise<Store> => {
  requireRedis(context as TestContext)
  const server = await startRedisServer()
  return {
    ledger: server.url,
    readsWhileBroken: false,
    breakStore: () => server.kill(),
    mendStore: () => server.start(),
    close: () => server.close(),
  }
}
