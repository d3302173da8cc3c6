// A Redis that was made a replica while connections to it stay, as `REPLICAOF` alone does it: from then on it
// must not answer, since it does not know what is acknowledged elsewhere.

import { type TestContext, describe, expect, it, onTestFinished } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { waitUntil } from '../../support/processes.ts'
import { type RedisServer, requireRedis, startRedisCluster } from '../../support/redis-server.ts'
import { NOW } from '../../cases/ledger/keys.ts'
import { KEY, VALUE, ledgerFor, serverFor } from './redis-servers.ts'

/** A server that was a primary until now, a ledger with a connection to it, and the primary that took over. */
const demoted = async (
  context: TestContext,
): Promise<{ server: RedisServer; ledger: Ledger; demote: () => Promise<string> }> => {
  const [server, other] = [await serverFor(context), await serverFor(context)]
  const ledger = ledgerFor(context, { url: server.url })
  return { server, ledger, demote: () => server.cli('replicaof', '127.0.0.1', `${other.port}`) }
}

const CALLS: readonly (readonly [string, (ledger: Ledger) => Promise<unknown>])[] = [
  ['a read of what is there', (ledger) => ledger.read(KEY, NOW)],
  ['a read of what is not there', (ledger) => ledger.read('test:none', NOW)],
  [
    'a change that stores nothing, as a retry is one',
    (ledger) => ledger.compareAndSet({ key: KEY, value: 'b' }, undefined, NOW),
  ],
  ['a change that stores', (ledger) => ledger.compareAndSet({ key: KEY, value: 'b' }, VALUE, NOW)],
  ['a list', (ledger) => ledger.list('test', { limit: 10 }, NOW)],
  ['a list of what is not there', (ledger) => ledger.list('other', { limit: 10 }, NOW)],
]

describe('createRedisLedger(), a server that was demoted', () => {
  it.for(CALLS)('answers %s never again, from that moment on', async ([, call], context) => {
    const { ledger, demote } = await demoted(context)
    await ledger.compareAndSet({ key: KEY, value: VALUE }, undefined, NOW)
    await call(ledger)
    await demote()
    // Its role was looked at a moment ago, and its connections stay.
    for (let i = 0; i < 3; i++) {
      await expect(call(ledger)).rejects.toThrow(LedgerUnavailableError)
      await expect(call(ledger)).rejects.toThrow(/is a replica/)
    }
  })
})

describe('createRedisLedger(), reads of a primary', () => {
  it('make no key, keep value and expiry, and write nothing to the append-only file', async (context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    const entry = { key: KEY, value: VALUE, expiresAt: NOW + 120 }
    await ledger.compareAndSet(entry, undefined, NOW)
    const state = async (): Promise<unknown> => {
      const info = await server.cli('info', 'persistence')
      return {
        size: /^aof_current_size:(\d+)/m.exec(info)?.[1],
        value: await server.cli('get', `rollcall:${KEY}`),
        keys: await server.cli('dbsize'),
      }
    }
    const expiry = await server.cli('pexpiretime', `rollcall:${KEY}`)
    const before = await state()
    for (let i = 0; i < 100; i++) {
      expect(await ledger.read(KEY, NOW)).toBe(VALUE)
      expect(await ledger.read(`test:none-${i}`, NOW)).toBeUndefined()
      await ledger.compareAndSet({ ...entry, value: 'x' }, 'other', NOW)
    }
    await ledger.list('test', { limit: 10 }, NOW)
    expect(await state()).toEqual(before)
    expect(await server.cli('pexpiretime', `rollcall:${KEY}`)).toBe(expiry)
  })
})

describe('createRedisLedger(), a primary of a cluster that was demoted', () => {
  it('is asked no longer: reads and lists have the entries of the new primary', async (context) => {
    requireRedis(context)
    const cluster = await startRedisCluster({ replicas: 1 })
    onTestFinished(() => cluster.close())
    const [first] = cluster.servers as [RedisServer]
    const [replica] = cluster.replicas as [RedisServer]
    const ledger = ledgerFor(context, { url: cluster.url })
    const keys = Array.from({ length: 60 }, (_, i) => `test:${i}`)
    for (const key of keys) await ledger.compareAndSet({ key, value: 'a' }, undefined, NOW)
    const synced = async () => (await replica.cli('dbsize')) === (await first.cli('dbsize'))
    await waitUntil(synced, { seconds: 10, what: 'the replica has everything' })

    await replica.cli('cluster', 'failover', 'takeover')
    const demotedNow = async () => (await first.cli('role')).startsWith('slave')
    await waitUntil(demotedNow, { seconds: 10, what: 'the old primary is a replica' })
    for (const key of keys) {
      const swap = await ledger.compareAndSet({ key, value: 'b' }, 'a', NOW).catch(String)
      if (typeof swap === 'string') expect(swap).toContain('LedgerUnavailableError')
      const found = await ledger.read(key, NOW).catch(() => undefined)
      if (typeof swap !== 'string' && found !== undefined) expect(found).toBe('b')
    }
    const lists = () => ledger.list('test', { limit: 10 }, NOW).catch(() => undefined)
    await waitUntil(async () => (await lists()) !== undefined, { seconds: 10, what: 'a list' })
    expect(await ledger.read('test:1', NOW)).toMatch(/^[ab]$/)
  })
})
