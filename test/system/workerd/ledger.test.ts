// The ledger's Durable Object from within, in workerd, on its real SQLite storage.

import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { createDurableObjectLedger } from '../../../src/ledger/durable-object.ts'

const DAY_SECONDS = 86_400

describe('LedgerObject', () => {
  const objectNamed = (name: string) => {
    const object = env.LEDGER.get(env.LEDGER.idFromName(name))
    return {
      object,
      ask: async (request: unknown): Promise<unknown> => {
        const init = { method: 'POST', body: JSON.stringify(request) }
        return (await object.fetch('https://ledger/', init)).json()
      },
      countRows: (): Promise<number> =>
        runInDurableObject(object, (_, { storage }) =>
          Number(storage.sql.exec('SELECT count(*) AS n FROM ledger').one()['n']),
        ),
      alarmAt: (): Promise<number | null> =>
        runInDurableObject(object, (_, { storage }) => storage.getAlarm()),
    }
  }
  const now = Math.floor(Date.now() / 1000)
  const store = (key: string, expiresAt?: number): unknown => ({
    store: { key, value: 'v', expiresAt },
    now: Math.min(now, (expiresAt ?? now) - 1),
  })

  it('removes by alarm what expired more than a day ago, and keeps the rest', async () => {
    const { object, ask, countRows } = objectNamed('cleaning')
    await ask(store('a:old', now - DAY_SECONDS - 1))
    await ask(store('a:recent', now - 10))
    await ask(store('a:living', now + 100))
    await ask(store('a:forever'))
    expect(await countRows()).toBe(4)
    expect(await runDurableObjectAlarm(object)).toBe(true)
    expect(await countRows()).toBe(3)
    expect(await ask({ read: 'a:living', now })).toEqual({ value: 'v' })
    expect(await ask({ read: 'a:forever', now })).toEqual({ value: 'v' })
  })

  it('removes in steps, the next one soon, until nothing is left that has expired', async () => {
    const { object, ask, countRows, alarmAt } = objectNamed('many')
    await ask(store('a:living', now + 100))
    await runInDurableObject(object, (_, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
         INSERT INTO ledger SELECT 'a:old-' || i, 'v', ? FROM n`,
        now - DAY_SECONDS - 1,
      )
    })
    const counts: number[] = []
    for (let step = 0; step < 3; step++) {
      await runDurableObjectAlarm(object)
      counts.push(await countRows())
      const wait = Number(await alarmAt()) - Date.now()
      if (step < 2) expect(wait).toBeLessThan(10_000)
      else expect(wait).toBeGreaterThan(60_000)
    }
    expect(counts).toEqual([1501, 501, 1])
  })

  it('has an alarm set as long as something is left that expires', async () => {
    const { object, ask, countRows, alarmAt } = objectNamed('alarm')
    await ask(store('a:old', now - DAY_SECONDS - 1))
    await ask(store('a:recent', now - 10))
    expect(await alarmAt()).toBeGreaterThan(Date.now())
    await runDurableObjectAlarm(object)
    expect(await alarmAt()).toBeGreaterThan(Date.now())
    expect(await countRows()).toBe(1)
  })

  it('has no alarm set if nothing in it expires, or no longer', async () => {
    const { object, ask, alarmAt } = objectNamed('quiet')
    await ask(store('instance:a'))
    await ask({ read: 'instance:a', now })
    await ask({ list: 'instance', limit: 5, now })
    expect(await alarmAt()).toBeNull()
    await ask(store('a:old', now - DAY_SECONDS - 1))
    await runDurableObjectAlarm(object)
    expect(await alarmAt()).toBeNull()
    expect(await ask({ read: 'instance:a', now })).toEqual({ value: 'v' })
  })

  it('finds what has expired by its index, in which nothing else is', async () => {
    const { object, ask } = objectNamed('index')
    await ask(store('instance:a'))
    const plan = await runInDurableObject(object, (_, { storage }) =>
      storage.sql
        .exec('EXPLAIN QUERY PLAN SELECT key FROM ledger WHERE expires_at <= ? LIMIT 1', now)
        .toArray(),
    )
    expect(JSON.stringify(plan)).toContain('ledger_by_expiry')
  })
})

describe('createDurableObjectLedger()', () => {
  it.each([
    ['throws', () => Promise.reject(new Error('gone'))],
    ['answers 500', () => Promise.resolve(new Response('broken', { status: 500 }))],
    ['answers what is not JSON', () => Promise.resolve(new Response('<html>'))],
  ])('gives LedgerUnavailableError if the object %s', async (_, answer) => {
    const broken = createDurableObjectLedger({ idFromName: String, get: () => ({ fetch: answer }) })
    const entry = { key: 'a:k', value: 'v', expiresAt: 2 }
    const calls = [
      broken.read('a:k', 1),
      broken.compareAndSet(entry, undefined, 1),
      broken.list('a', { limit: 5 }, 1),
    ]
    for (const call of calls) await expect(call).rejects.toThrow(LedgerUnavailableError)
  })

  it('spreads keys over objects, and asks a few of them for a page of a list', async () => {
    const asked: string[] = []
    const counting = createDurableObjectLedger({
      idFromName: (name) => (asked.push(name), env.LEDGER.idFromName(name)),
      get: (id) => env.LEDGER.get(id),
    })
    for (let i = 0; i < 500; i++) {
      await counting.compareAndSet({ key: `challenge:${i}`, value: 'v' }, undefined, 1)
    }
    expect(new Set(asked).size).toBe(64)
    expect(asked.every((name) => /^ledger-\d+$/.test(name))).toBe(true)
    asked.length = 0
    await counting.compareAndSet({ key: 'instance:a', value: 'v' }, undefined, 1)
    expect(asked).toEqual([expect.stringMatching(/^instances-\d+$/)])
    asked.length = 0
    const { cursor } = await counting.list('instance', { limit: 5 }, 1)
    expect(asked.length).toBeLessThanOrEqual(8)
    expect(cursor).toBe('8')
  })
})
