// The epoch of a ledger, in real Redis servers: made once, watched, and what follows when the store is
// emptied, exchanged, restored or taken by another service.

import { type TestContext, describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  LedgerUnavailableError,
  LedgerUnfitError,
} from '../../../src/base/errors.ts'
import { EPOCH_KEY } from '../../../src/ledger/epoch.ts'
import { openLedger } from '../../../src/ledger/open.ts'
import { renewEpoch } from '../../../src/ledger/renew-epoch.ts'
import { createRedisLedger } from '../../../src/ledger/redis/redis.ts'
import type { OpenLedger } from '../../../src/ledger/store.ts'
import { waitUntil } from '../../support/processes.ts'
import { type RedisServer, requireRedis, startRedisCluster } from '../../support/redis-server.ts'
import { KEY, serverFor } from './redis-servers.ts'

const ISSUER = 'https://rollcall.test'
const STORED = `rollcall:${EPOCH_KEY}`
const EPOCH = /^0 1 ([0-9]+) https:\/\/rollcall\.test [A-Za-z0-9_-]{22}$/

const seconds = (): number => Math.floor(Date.now() / 1000)
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Opened {
  readonly ledger: OpenLedger
  readonly lines: string[]
}

// Each test has a server of its own, and most wait until a running service looks at the epoch again: side by side.

/** A ledger as a service opens it. */
const open = async (
  context: TestContext,
  { url }: { url: string },
  issuer = ISSUER,
): Promise<Opened> => {
  const lines: string[] = []
  const config = { kind: 'redis', url } as const
  const ledger = await openLedger(config, { issuer, report: (line) => void lines.push(line) })
  context.onTestFinished(() => ledger.close?.())
  return { ledger, lines }
}

const read = (ledger: OpenLedger): Promise<unknown> => ledger.read(KEY, seconds())
const fails = (ledger: OpenLedger, call = read): Promise<boolean> =>
  call(ledger).then(
    () => false,
    (error: unknown) => {
      expect(error).toBeInstanceOf(LedgerUnavailableError)
      return true
    },
  )
const storedTime = async ({ cli }: RedisServer): Promise<number> =>
  Number(EPOCH.exec(await cli('get', STORED))?.[1])

/** An epoch as it is stored, by its time and, if it must be another one, its random part. */
const epochAt = (time: number, issuer = ISSUER, id = 'A'.repeat(22)): string =>
  `0 1 ${time} ${issuer} ${id}`

/** A call that takes more than one answer of the server, so that it is under way for longer. */
const list = (ledger: OpenLedger): Promise<unknown> => ledger.list('test', { limit: 5 }, seconds())

/** Calls go on without a pause until something is so. @returns how many failed */
const callUntil = async (ledger: OpenLedger, done: () => boolean): Promise<number> => {
  const end = performance.now() + 10_000
  let failed = 0
  const caller = async (): Promise<void> => {
    while (!done() && performance.now() < end) {
      if (await fails(ledger, list)) failed++
    }
  }
  await Promise.all([caller(), caller(), caller()])
  expect(done()).toBe(true)
  return failed
}

describe.concurrent('openLedger(), the epoch of a new ledger', () => {
  it('is made on first use: the time, the issuer and random bytes, and it never expires', async (context) => {
    const server = await serverFor(context)
    const before = seconds()
    const { ledger, lines } = await open(context, server)
    expect(await server.cli('get', STORED)).toMatch(EPOCH)
    const time = await storedTime(server)
    expect(time).toBeGreaterThanOrEqual(before)
    expect(await server.cli('pttl', STORED)).toBe('-1')
    expect(ledger.remembersSince).toBe(time + 1)
    expect(lines).toEqual([expect.stringMatching(/^the ledger begins at .*made by this process/)])
  })

  it('is found by those who open it later, who say nothing', async (context) => {
    const server = await serverFor(context)
    const first = await open(context, server)
    await pause(1100)
    const second = await open(context, server)
    expect(second.ledger.remembersSince).toBe(first.ledger.remembersSince)
    expect(second.lines).toEqual([])
  })

  it('is one for all that open it at the same moment', async (context) => {
    const server = await serverFor(context)
    const all = await Promise.all(Array.from({ length: 12 }, () => open(context, server)))
    const expected = (await storedTime(server)) + 1
    expect(new Set(all.map(({ ledger }) => ledger.remembersSince))).toEqual(new Set([expected]))
    expect(all.flatMap(({ lines }) => lines)).toHaveLength(1)
  })

  it('is read or made by the first call that is answered, if the store is down at start', async (context) => {
    const server = await serverFor(context)
    await server.kill()
    const { ledger, lines } = await open(context, server)
    expect(lines.join()).toContain('until it answers, nobody can enroll')
    expect(ledger.remembersSince).toBeUndefined()
    expect(await fails(ledger)).toBe(true)
    await server.start()
    await waitUntil(async () => !(await fails(ledger)), { seconds: 5, what: 'it answers' })
    expect(ledger.remembersSince).toBe((await storedTime(server)) + 1)
  })

  it('is there in a cluster', async (context) => {
    requireRedis(context)
    const cluster = await startRedisCluster()
    context.onTestFinished(() => cluster.close())
    const { ledger } = await open(context, cluster)
    expect(ledger.remembersSince).toBeGreaterThanOrEqual(seconds())
    expect((await open(context, cluster)).ledger.remembersSince).toBe(ledger.remembersSince)
  })
})

describe.concurrent('openLedger(), a ledger that is emptied', () => {
  it('under a running service fails a call within five seconds, begins a new epoch and reports it', async (context) => {
    const server = await serverFor(context)
    const { ledger, lines } = await open(context, server)
    const before = Number(ledger.remembersSince)
    await server.cli('flushall')
    const began = performance.now()
    const failed = await callUntil(ledger, () => lines.length >= 3)
    expect(performance.now() - began).toBeLessThan(6000)
    expect(failed).toBeGreaterThan(0)
    expect(lines[1]).toMatch(/^warning: the ledger has lost its epoch: it was emptied/)
    expect(lines[2]).toMatch(/^the ledger begins at .*If this ledger should hold bans/)
    expect(await fails(ledger)).toBe(false)
    expect(ledger.remembersSince).toBe((await storedTime(server)) + 1)
    expect(Number(ledger.remembersSince)).toBeGreaterThan(before)
  })

  it('is noticed without any call, too', async (context) => {
    const server = await serverFor(context)
    const { ledger, lines } = await open(context, server)
    const before = Number(ledger.remembersSince)
    await server.cli('flushall')
    await waitUntil(async () => lines.length >= 3, { seconds: 6, what: 'noticed' })
    expect(Number(ledger.remembersSince)).toBeGreaterThan(before)
  })

  it('and restarted answers no call before its epoch was looked for, whatever the call', async (context) => {
    const calls: readonly ((ledger: OpenLedger) => Promise<unknown>)[] = [
      read,
      (ledger) => ledger.compareAndSet({ key: KEY, value: 'a' }, undefined, seconds()),
      list,
    ]
    for (const call of calls) {
      const server = await serverFor(context)
      const { ledger, lines } = await open(context, server)
      await server.cli('flushall')
      await server.kill()
      await server.start()
      // The connection has closed: the call opens another one.
      await pause(50)
      await expect(call(ledger)).rejects.toThrow(LedgerUnavailableError)
      expect(lines[1]).toContain('has lost its epoch')
      await call(ledger)
    }
  })

  it('fails the calls that are under way when that is noticed', async (context) => {
    const server = await serverFor(context)
    const { ledger } = await open(context, server)
    await server.cli('flushall')
    await server.cli('client', 'kill', 'type', 'normal')
    await pause(50)
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => fails(ledger)))
    expect(outcomes.filter((failed) => !failed)).toEqual([])
    expect(await fails(ledger)).toBe(false)
  })

  it('has one new epoch for all services, later than the one before', async (context) => {
    const server = await serverFor(context)
    const all = await Promise.all([
      open(context, server),
      open(context, server),
      open(context, server),
    ])
    const before = Number(all[0]?.ledger.remembersSince)
    await server.cli('flushall')
    const settled = async (): Promise<boolean> => {
      const since = (await storedTime(server)) + 1
      return all.every(({ ledger }) => ledger.remembersSince === since)
    }
    await waitUntil(settled, { seconds: 8, what: 'all agree' })
    expect(Number(all[0]?.ledger.remembersSince)).toBeGreaterThan(before)
    const lines = all.flatMap((opened) => opened.lines)
    // A process that looks after another one has made the new epoch finds that epoch.
    const noticed = /has lost its epoch|has another epoch/
    expect(lines.filter((line) => noticed.test(line))).toHaveLength(3)
    // At first, and then once more.
    expect(lines.filter((line) => line.includes('made by this process'))).toHaveLength(2)
  })
})

describe.concurrent('openLedger(), a ledger that is restored or renewed', () => {
  it('with an older epoch, of a backup, fails a call and begins anew', async (context) => {
    const server = await serverFor(context)
    const { ledger, lines } = await open(context, server)
    await server.cli('set', STORED, epochAt(seconds() - 86_400))
    const failed = await callUntil(ledger, () => lines.length >= 3)
    expect(failed).toBeGreaterThan(0)
    expect(lines[1]).toMatch(/^warning: the ledger has another epoch/)
    expect(lines[2]).toMatch(/^the ledger begins at/)
    expect(await storedTime(server)).toBeGreaterThan(seconds() - 10)
    expect(ledger.remembersSince).toBe((await storedTime(server)) + 1)
  })

  it('with an epoch of the same second and other bytes is another one', async (context) => {
    const server = await serverFor(context)
    const { ledger, lines } = await open(context, server)
    const time = await storedTime(server)
    await server.cli('set', STORED, epochAt(time))
    await callUntil(ledger, () => lines.length >= 3)
    expect(ledger.remembersSince).toBeGreaterThan(time + 1)
  })

  it('takes an epoch that an operator renewed, and does not make another', async (context) => {
    const server = await serverFor(context)
    const { ledger, lines } = await open(context, server)
    await pause(1100)
    const store = createRedisLedger({ url: server.url })
    context.onTestFinished(() => store.close())
    const { before, after } = await renewEpoch(store, { issuer: ISSUER, now: seconds() })
    expect(before?.time).toBe(Number(ledger.remembersSince) - 1)
    const renewed = await server.cli('get', STORED)
    const failed = await callUntil(ledger, () => ledger.remembersSince === after.time + 1)
    expect(failed).toBeGreaterThan(0)
    expect(await server.cli('get', STORED)).toBe(renewed)
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^warning: .*it was renewed/),
      expect.stringMatching(/^the ledger begins at/),
    ])
  })
})

describe.concurrent('openLedger(), clocks', () => {
  it('does not use a ledger that begins more than 60 s ahead, and says which clock', async (context) => {
    const server = await serverFor(context)
    await server.cli('set', STORED, epochAt(seconds() + 70))
    const { ledger, lines } = await open(context, server)
    expect(lines[0]).toMatch(
      /began at .* but the clock here says .*this clock is slow, or the other/,
    )
    await expect(read(ledger)).rejects.toThrow(/renew-epoch/)
    // What an operator does about it.
    const store = createRedisLedger({ url: server.url })
    context.onTestFinished(() => store.close())
    await renewEpoch(store, { issuer: ISSUER, now: seconds() })
    expect(await fails(ledger)).toBe(false)
  })

  it('uses one that begins less than 60 s ahead, from then on', async (context) => {
    const server = await serverFor(context)
    const time = seconds() + 50
    await server.cli('set', STORED, epochAt(time))
    const { ledger } = await open(context, server)
    expect(await fails(ledger)).toBe(false)
    expect(ledger.remembersSince).toBe(time + 1)
  })
})

const otherIssuer = (server: RedisServer): Promise<string> =>
  server.cli('set', STORED, epochAt(seconds() - 5, 'https://staging.test'))

describe.concurrent("openLedger(), another service's ledger", () => {
  const both = /belongs to https:\/\/staging\.test, not to https:\/\/rollcall\.test.*--issuer/

  it('is a configuration error at start that names both and what to do', async (context) => {
    const server = await serverFor(context)
    await otherIssuer(server)
    const opening = open(context, server)
    await expect(opening).rejects.toThrow(ConfigurationError)
    await expect(opening).rejects.toThrow(both)
    // Nothing was changed, and a prefix of its own is enough.
    expect(await server.cli('dbsize')).toBe('1')
    await open(context, { url: `${server.url}?prefix=rollcall-test:` })
  })

  it('fails every call while running, and is not changed', async (context) => {
    const server = await serverFor(context)
    const { ledger } = await open(context, server)
    await otherIssuer(server)
    await waitUntil(() => fails(ledger), { seconds: 6, what: 'noticed' })
    for (let i = 0; i < 3; i++) await expect(read(ledger)).rejects.toThrow(both)
    await expect(read(ledger)).rejects.toThrow(LedgerUnfitError)
    expect(await server.cli('get', STORED)).toContain('https://staging.test')
  })

  it('is an error too if its epoch has a format of a later version', async (context) => {
    const server = await serverFor(context)
    await server.cli('set', STORED, '0 2 something new')
    await expect(open(context, server)).rejects.toThrow(/has an unknown format/)
  })
})

describe.concurrent('openLedger(), a service whose clock was fast', () => {
  it('does not go back to the future once its clock is right', async (context: TestContext) => {
    const { withEpoch } = await import('../../../src/ledger/with-epoch.ts')
    const server = await serverFor(context)
    const store = createRedisLedger({ url: server.url })
    let ahead = 3600
    const clock = (): number => seconds() + ahead
    const ledger = withEpoch(store, { issuer: ISSUER, report: () => {}, clock })
    context.onTestFinished(() => ledger.close?.())
    await read(ledger)
    ahead = 0
    await waitUntil(() => fails(ledger), { seconds: 6, what: 'it refuses its own epoch' })
    const { after } = await renewEpoch(store, { issuer: ISSUER, now: seconds() })
    expect(await fails(ledger)).toBe(false)
    expect(ledger.remembersSince).toBe(after.time + 1)
  })
})
