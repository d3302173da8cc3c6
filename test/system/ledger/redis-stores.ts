// Stores for the contract in real Redis servers: one, and a cluster of three.

import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createRedisLedger } from '../../../src/ledger/redis/redis.ts'
import type { OpenStore } from '../../cases/ledger/contract.ts'
import { waitUntil } from '../../support/processes.ts'
import { requireRedis, startRedisCluster, startRedisServer } from '../../support/redis-server.ts'

/** One server, plain or by TLS. */
export const openRedisServer =
  (tls: boolean): OpenStore =>
  async (context) => {
    requireRedis(context)
    const server = await startRedisServer({ tls })
    const ledger = createRedisLedger({
      url: server.url,
      ...(tls && { tls: { ca: server.certificatePem } }),
    })
    return {
      ledger,
      async restart() {
        await server.kill()
        await server.start()
        await untilAnswers(ledger)
      },
      async breakStore() {
        server.stop()
      },
      async mendStore() {
        server.continue()
        await untilAnswers(ledger)
      },
      async close() {
        await ledger.close()
        await server.close()
      },
    }
  }

/** A cluster of three primaries. */
export const openRedisCluster: OpenStore = async (context) => {
  requireRedis(context)
  const cluster = await startRedisCluster()
  const ledger = createRedisLedger({ url: cluster.url })
  return {
    ledger,
    async restart() {
      await cluster.kill()
      await cluster.start()
      await untilAnswers(ledger)
    },
    breakStore: () => cluster.kill(),
    async mendStore() {
      await cluster.start()
      await untilAnswers(ledger)
    },
    async close() {
      await ledger.close()
      await cluster.close()
    },
  }
}

/** After a failure a ledger pauses for a moment before it tries again. */
const untilAnswers = (ledger: Ledger): Promise<void> =>
  waitUntil(
    () =>
      ledger.read('test:any', 0).then(
        () => true,
        () => false,
      ),
    { seconds: 10, what: 'the ledger answers again' },
  )
