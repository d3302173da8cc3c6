// What the Redis driver does beyond the contract: what it stores and sends, and what it refuses.

import { describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { waitUntil } from '../../support/processes.ts'
import { NOW } from '../../cases/ledger/keys.ts'
import {
  KEY,
  SECRET,
  VALUE,
  callsOf,
  ledgerFor,
  refusalOf,
  serverFor,
  untilReads,
} from './redis-servers.ts'

describe('createRedisLedger(), what is stored', () => {
  it.for([
    ['that expires', NOW + 120, `${NOW + 120} ${VALUE}`, 720_000],
    ['that expires now', NOW, `${NOW} ${VALUE}`, 600_000],
    ['that expired long ago', 0, `-1 ${VALUE}`, 1000],
    ['that never expires', undefined, `0 ${VALUE}`, undefined],
    ['that expires later than Redis can count', 1e16, `10000000000000000 ${VALUE}`, undefined],
  ] as const)(
    'compareAndSet() lets the server remove an entry %s ten minutes after that',
    async ([, expiresAt, text, lives], context) => {
      const server = await serverFor(context)
      const ledger = ledgerFor(context, { url: server.url })
      await ledger.compareAndSet({ key: KEY, value: VALUE, expiresAt }, undefined, NOW)
      const left = Number(await server.cli('pttl', `rollcall:${KEY}`))
      if (lives === undefined) expect(left).toBe(-1)
      // 1,000 ms may be over by now.
      else if (lives > 1000) {
        expect(left).toBeGreaterThan(lives - 10_000)
        expect(left).toBeLessThanOrEqual(lives)
      }
      if (lives !== 1000) expect(await server.cli('get', `rollcall:${KEY}`)).toBe(text)
      expect(await ledger.read(KEY, 1)).toBe(expiresAt === 0 ? undefined : VALUE)
    },
  )

  it('compareAndSet() leaves no expiry of before on an entry that never expires', async (context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    await ledger.compareAndSet({ key: KEY, value: 'a', expiresAt: NOW + 1 }, undefined, NOW)
    // The server still has it, but it has expired.
    expect(await server.cli('get', `rollcall:${KEY}`)).toBe(`${NOW + 1} a`)
    expect(await ledger.read(KEY, NOW + 1)).toBeUndefined()
    await ledger.compareAndSet({ key: KEY, value: 'b' }, undefined, NOW + 1)
    expect(await server.cli('pttl', `rollcall:${KEY}`)).toBe('-1')
  })

  it('every method is one script on one key, and a page one SCAN and a script for each key', async (context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    const entry = { key: KEY, value: VALUE }
    await ledger.compareAndSet(entry, undefined, NOW)
    // From now on the server knows both scripts.
    await ledger.read(KEY, NOW)
    const commandsOf = async (call: () => Promise<unknown>): Promise<Record<string, number>> => {
      await server.cli('config', 'resetstat')
      await call()
      const stats = await server.cli('info', 'commandstats')
      const counts = [...stats.matchAll(/cmdstat_([a-z|]+):calls=([0-9]+)/g)]
      const ours = counts.filter(([, name = '']) => !/^(?:config|info)/.test(name))
      return Object.fromEntries(ours.map(([, name = '', calls]) => [name, Number(calls)]))
    }
    expect(await commandsOf(() => ledger.read(KEY, NOW))).toEqual({
      evalsha: 1,
      setrange: 1,
      get: 1,
    })
    // Commands inside a script are counted too.
    const lost = await commandsOf(() => ledger.compareAndSet(entry, 'other', NOW))
    expect(lost).toEqual({ evalsha: 1, setrange: 1, get: 1 })
    const won = await commandsOf(() => ledger.compareAndSet(entry, VALUE, NOW))
    expect(won).toEqual({ evalsha: 1, setrange: 1, get: 1, set: 1 })
    const page = await commandsOf(() => ledger.list('test', { limit: 10 }, NOW))
    expect(page).toEqual({ scan: 1, evalsha: 1, setrange: 1, get: 1 })
    const none = await commandsOf(() => ledger.list('other', { limit: 10 }, NOW))
    expect(none).toEqual({ scan: 1 })
  })

  it('compareAndSet() works on after SCRIPT FLUSH', async (context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    await ledger.compareAndSet({ key: KEY, value: '0' }, undefined, NOW)
    for (let i = 1; i < 5; i++) {
      await server.cli('script', 'flush')
      const swap = await ledger.compareAndSet({ key: KEY, value: `${i}` }, `${i - 1}`, NOW)
      expect(swap).toEqual({ stored: true })
    }
  })

  it('ledgers with other prefixes and databases on one server know nothing of each other', async (context) => {
    const { url, cli } = await serverFor(context)
    const urls = [
      url,
      `${url}?prefix=rollcal`,
      `${url}?prefix=a.c:`,
      `${url}?prefix=abc:`,
      `${url}/1`,
    ]
    const ledgers = urls.map((url) => ledgerFor(context, { url }))
    for (const [i, ledger] of ledgers.entries()) {
      const swap = await ledger.compareAndSet({ key: KEY, value: `${i}` }, undefined, NOW)
      expect(swap).toEqual({ stored: true })
    }
    for (const [i, ledger] of ledgers.entries()) {
      expect(await ledger.read(KEY, NOW)).toBe(`${i}`)
      const { entries } = await ledger.list('test', { limit: 100 }, NOW)
      expect(entries).toEqual([{ key: KEY, value: `${i}` }])
    }
    expect(await cli('dbsize')).toBe('4')
  })

  it('list() refuses the cursor of a server that has restarted since', async (context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    const store = (_: unknown, i: number) =>
      ledger.compareAndSet({ key: `test:${i}`, value: VALUE }, undefined, NOW)
    await Promise.all(Array.from({ length: 100 }, store))
    const { cursor } = await ledger.list('test', { limit: 5 }, NOW)
    expect(cursor).toBeDefined()
    await ledger.list('test', { limit: 5, cursor }, NOW)
    await server.kill()
    await server.start()
    await untilReads(ledger)
    await expect(ledger.list('test', { limit: 5, cursor }, NOW)).rejects.toThrow(RangeError)
  })
})

describe('createRedisLedger(), a server that must not be used', () => {
  it.for(['volatile-lru', 'allkeys-lru', 'volatile-ttl', 'allkeys-random'])(
    'every method refuses a server with the maxmemory-policy %s until it is noeviction',
    async (policy, context) => {
      const server = await serverFor(context, { settings: [`maxmemory-policy ${policy}`] })
      const ledger = ledgerFor(context, { url: server.url })
      const message = await refusalOf(ledger)
      expect(message).toContain(`maxmemory-policy ${policy}`)
      expect(message).toContain('set maxmemory-policy noeviction')
      expect(message).toContain('volatile-lru')
      expect(await server.cli('dbsize')).toBe('0')
      await server.cli('config', 'set', 'maxmemory-policy', 'noeviction')
      await untilReads(ledger)
    },
  )

  it('every method refuses a server whose policy has changed, on the next connection', async (context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    await ledger.read(KEY, NOW)
    await server.cli('config', 'set', 'maxmemory-policy', 'allkeys-lru')
    await server.cli('client', 'kill', 'type', 'normal')
    expect(await refusalOf(ledger)).toContain('maxmemory-policy allkeys-lru')
  })

  it('every method refuses a server whose policy has changed, soon, on the same connection', async (context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    await ledger.read(KEY, NOW)
    await server.cli('config', 'set', 'maxmemory-policy', 'allkeys-lru')
    const refused = () =>
      ledger.read(KEY, NOW).then(
        () => false,
        () => true,
      )
    await waitUntil(refused, { seconds: 12, what: 'refused' })
    expect(await refusalOf(ledger)).toContain('maxmemory-policy allkeys-lru')
  })

  it('every method refuses a server that does not permit INFO', async (context) => {
    const settings = [`user limited on >${SECRET} ~* +@all -info`]
    const { port } = await serverFor(context, { settings })
    const ledger = ledgerFor(context, { url: `redis://limited:${SECRET}@127.0.0.1:${port}` })
    expect(await refusalOf(ledger)).toMatch(/denies a command.*INFO/)
  })

  it('every method works for a user that may do no more than the ledger needs', async (context) => {
    const rights = '~rollcall:* +info +get +set +setrange +eval +evalsha +scan'
    const { port } = await serverFor(context, {
      settings: [`user limited on >${SECRET} ${rights}`],
    })
    const ledger = ledgerFor(context, { url: `redis://limited:${SECRET}@127.0.0.1:${port}` })
    for (const call of callsOf(ledger)) await call()
    const foreign = ledgerFor(context, {
      url: `redis://limited:${SECRET}@127.0.0.1:${port}?prefix=a:`,
    })
    await expect(foreign.read(KEY, NOW)).rejects.toThrow(/denies a command/)
  })

  it.for([
    ['a wrong password', `redis://:${SECRET}x@`, 'refuses the user name or password'],
    ['a user not known', `redis://${SECRET}:${SECRET}@`, 'refuses the user name or password'],
    ['no password', 'redis://', 'asks for a password'],
  ] as const)(
    'every method refuses %s, and tells no secret',
    async ([, start, expected], context) => {
      const { port } = await serverFor(context, { settings: [`requirepass ${SECRET}`] })
      const ledger = ledgerFor(context, { url: `${start}127.0.0.1:${port}` })
      expect(await refusalOf(ledger)).toContain(expected)
      const right = ledgerFor(context, { url: `redis://:%47${SECRET.slice(1)}@127.0.0.1:${port}` })
      await right.read(KEY, NOW)
    },
  )

  it('every method refuses a replica', async (context) => {
    const { port } = await serverFor(context)
    const replica = await serverFor(context, { settings: [`replicaof 127.0.0.1 ${port}`] })
    expect(await refusalOf(ledgerFor(context, { url: replica.url }))).toContain('is a replica')
  })

  it('compareAndSet() refuses when the memory is full, and drops nothing', async (context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    await ledger.compareAndSet({ key: KEY, value: VALUE }, undefined, NOW)
    await server.cli('config', 'set', 'maxmemory', '1mb')
    const swap = ledger.compareAndSet({ key: KEY, value: 'b' }, VALUE, NOW)
    await expect(swap).rejects.toThrow(/is full; give it more memory/)
    // A read begins with a write that changes nothing, so it is refused too.
    await expect(ledger.read(KEY, NOW)).rejects.toThrow(/is full; give it more memory/)
    await server.cli('config', 'set', 'maxmemory', '0')
    expect(await ledger.read(KEY, NOW)).toBe(VALUE)
  })

  it.for([
    ['a text', ['set', `rollcall:${KEY}`, 'Wert']],
    ['a list', ['lpush', `rollcall:${KEY}`, 'Wert']],
  ] as const)('every method refuses %s of others under its key', async ([, command], context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    await server.cli(...command)
    for (const call of callsOf(ledger)) {
      await expect(call()).rejects.toThrow(/a value of another program under a key of the ledger/)
      await expect(call()).rejects.toThrow(LedgerUnavailableError)
    }
  })
})

describe('createRedisLedger(), TLS', () => {
  it('every method refuses a certificate that is not trusted, or of another name', async (context) => {
    const server = await serverFor(context, { tls: true })
    const ca = server.certificatePem
    expect(await refusalOf(ledgerFor(context, { url: server.url }))).toContain('SELF_SIGNED')
    const other = { ca, servername: 'other.example' }
    const refused = await refusalOf(ledgerFor(context, { url: server.url, tls: other }))
    expect(refused).toContain('ALTNAME')
    await ledgerFor(context, { url: server.url, tls: { ca } }).read(KEY, NOW)
    const named = server.url.replace('127.0.0.1', 'localhost')
    await ledgerFor(context, { url: named, tls: { ca } }).read(KEY, NOW)
  })

  it('every method refuses a server that does not speak TLS, and TLS without rediss', async (context) => {
    const plain = await serverFor(context)
    await refusalOf(ledgerFor(context, { url: plain.url.replace('redis:', 'rediss:') }))
    const secure = await serverFor(context, { tls: true })
    await refusalOf(ledgerFor(context, { url: secure.url.replace('rediss:', 'redis:') }))
  })
})
