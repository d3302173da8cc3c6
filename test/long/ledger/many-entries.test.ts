// 10,000 entries in each driver, against the real store: all are found, by their keys and in the list.

import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { describeManyEntries } from '../../cases/ledger/contract.ts'
import { requireNode24 } from '../../support/node24.ts'
import {
  denoHost,
  nodeHost,
  openFileStore,
  openWorkerStore,
} from '../../system/ledger/hosted-store.ts'
import { openRedisCluster, openRedisServer } from '../../system/ledger/redis-stores.ts'

describeManyEntries('memory', async () => ({
  ledger: createMemoryLedger(),
  close: async () => {},
}))
describeManyEntries('a SQLite file, Node 24', async (context) =>
  openFileStore(nodeHost('sqlite', await requireNode24(context))),
)
describeManyEntries('a SQLite file, Deno', () => openFileStore(denoHost('sqlite')))
describeManyEntries('Deno KV', () => openFileStore(denoHost('deno-kv')))
describeManyEntries('Durable Objects', () => openWorkerStore())
describeManyEntries('Redis', openRedisServer(false))
describeManyEntries('a Redis Cluster of three', openRedisCluster)
