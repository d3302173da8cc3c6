// The Redis driver in a cluster: the contract, and beyond it slots that move, and primaries that go.

import { type TestContext, describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { waitUntil } from '../../support/processes.ts'
import {
  type RedisCluster,
  type RedisServer,
  requireRedis,
  startRedisCluster,
} from '../../support/redis-server.ts'
import { describeLedger } from '../../cases/ledger/contract.ts'
import { NOW } from '../../cases/ledger/keys.ts'
import { ledgerFor } from './redis-servers.ts'
import { openRedisCluster } from './redis-stores.ts'

const COUNT = 90

const clusterFor = async (
  context: TestContext,
  options: Parameters<typeof startRedisCluster>[0] = {},
): Promise<
  RedisCluster & { readonly servers: readonly [RedisServer, RedisServer, RedisServer] }
> => {
  requireRedis(context)
  const cluster = await startRedisCluster(options)
  context.onTestFinished(() => cluster.close())
  return { ...cluster, servers: cluster.servers as [RedisServer, RedisServer, RedisServer] }
}

const fill = async (ledger: Ledger): Promise<void> => {
  const store = (_: unknown, i: number) =>
    ledger.compareAndSet({ key: `test:${i}`, value: `${i}` }, undefined, NOW)
  const swaps = await Promise.all(Array.from({ length: COUNT }, store))
  expect(swaps.every(({ stored }) => stored)).toBe(true)
}

const listAll = async (ledger: Ledger): Promise<Set<string>> => {
  const keys = new Set<string>()
  let cursor: string | undefined
  do {
    const page = await ledger.list('test', { cursor, limit: 10 }, NOW)
    for (const { key } of page.entries) keys.add(key)
    cursor = page.cursor
  } while (cursor !== undefined)
  return keys
}

/** Gives a slot without keys to another primary. */
const moveSlot = async (slot: string, to: RedisServer, all: readonly RedisServer[]) => {
  const id = await to.cli('cluster', 'myid')
  for (const { cli } of [to, ...all]) await cli('cluster', 'setslot', slot, 'node', id)
}

describeLedger('a Redis Cluster of three', openRedisCluster)

// Each test has a cluster of its own, and most of the time waits for it.
describe.concurrent('createRedisLedger(), a cluster', () => {
  it('keys are spread over all primaries', async (context) => {
    const { url, servers } = await clusterFor(context)
    await fill(ledgerFor(context, { url }))
    const sizes = await Promise.all(servers.map(({ cli }) => cli('dbsize')))
    for (const size of sizes) expect(Number(size)).toBeGreaterThan(COUNT / 6)
    expect(sizes.reduce((sum, size) => sum + Number(size), 0)).toBe(COUNT)
  })

  it('every method works by TLS, by address and by name', async (context) => {
    const { url, servers } = await clusterFor(context, { tls: true })
    const ca = servers[0].certificatePem
    const ledger = ledgerFor(context, { url, tls: { ca } })
    await fill(ledger)
    const named = ledgerFor(context, { url: url.replace('127.0.0.1', 'localhost'), tls: { ca } })
    expect((await listAll(named)).size).toBe(COUNT)
    await expect(ledgerFor(context, { url }).read('test:1', NOW)).rejects.toThrow('SELF_SIGNED')
  })

  it('compareAndSet() follows a slot that has moved; list() refuses cursors of before', async (context) => {
    const { url, servers } = await clusterFor(context)
    const ledger = ledgerFor(context, { url })
    await fill(ledger)
    const { cursor } = await ledger.list('test', { limit: 5 }, NOW)
    const key = 'test:moved'
    const slot = await servers[0].cli('cluster', 'keyslot', `rollcall:${key}`)
    const owner = Math.floor((Number(slot) * 3) / 16_384)
    await moveSlot(slot, servers[(owner + 1) % 3] as RedisServer, servers)
    const swap = await ledger.compareAndSet({ key, value: 'a' }, undefined, NOW)
    expect(swap).toEqual({ stored: true })
    expect(await ledger.read(key, NOW)).toBe('a')
    await expect(ledger.list('test', { limit: 5, cursor }, NOW)).rejects.toThrow(RangeError)
    expect((await listAll(ledger)).size).toBe(COUNT + 1)
  })

  it('every method refuses a cluster of which one primary could evict', async (context) => {
    const { url, servers } = await clusterFor(context)
    await servers[2].cli('config', 'set', 'maxmemory-policy', 'allkeys-lru')
    const ledger = ledgerFor(context, { url })
    for (let i = 0; i < 20; i++) {
      await expect(ledger.read(`test:${i}`, NOW)).rejects.toThrow('maxmemory-policy allkeys-lru')
    }
    await servers[2].cli('config', 'set', 'maxmemory-policy', 'noeviction')
    const reads = () =>
      ledger.read('test:1', NOW).then(
        () => true,
        () => false,
      )
    await waitUntil(reads, { seconds: 5, what: 'the ledger reads' })
  })

  it('list() refuses rather than leave out what is on a primary that is gone', async (context) => {
    const { url, servers } = await clusterFor(context)
    const ledger = ledgerFor(context, { url })
    await fill(ledger)
    expect((await listAll(ledger)).size).toBe(COUNT)
    // The one that the URL names, too.
    for (const server of [servers[2], servers[0]]) {
      await server.kill()
      for (let i = 0; i < 5; i++) {
        await expect(listAll(ledger)).rejects.toThrow(LedgerUnavailableError)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      await server.start()
      const lists = () =>
        listAll(ledger).then(
          ({ size }) => size === COUNT,
          () => false,
        )
      await waitUntil(lists, { seconds: 10, what: 'the list is whole again' })
    }
  })

  it('read() works on without the server of the URL, once its slots are elsewhere', async (context) => {
    const { url, servers } = await clusterFor(context)
    const ledger = ledgerFor(context, { url })
    await fill(ledger)
    const [first, second, third] = servers
    // It gives all away, and goes.
    await first.cli('flushall')
    const id = await second.cli('cluster', 'myid')
    const slots = Array.from({ length: 5461 }, (_, slot) => `cluster setslot ${slot} node ${id}`)
    for (const { pipe } of [second, first, third]) await pipe(slots)
    await first.kill()
    const reads = () =>
      ledger.read('test:1', NOW).then(
        () => true,
        () => false,
      )
    await waitUntil(reads, { seconds: 10, what: 'the ledger reads' })
    const left = await listAll(ledger)
    expect(left.size).toBeGreaterThan(COUNT / 3)
    expect(left.size).toBeLessThan(COUNT)
  })
})
