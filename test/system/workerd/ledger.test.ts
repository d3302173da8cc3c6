// The ledger's Durable Object from within, in workerd, on its real SQLite storage.

import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { type ObjectStub, createDurableObjectLedger } from '../../../src/ledger/durable-object.ts'

const DAY_SECONDS = 86_400

describe('LedgerObject', () => {
  const objectNamed = (name: string) => {
    const object = env.LEDGER.get(env.LEDGER.idFromName(name))
    return {
      object,
      ledger: object as unknown as ObjectStub,
      countRows: (): Promise<number> =>
        runInDurableObject(object, (_, { storage }) =>
          Number(storage.sql.exec('SELECT count(*) AS n FROM ledger').one()['n']),
        ),
      alarmAt: (): Promise<number | null> =>
        runInDurableObject(object, (_, { storage }) => storage.getAlarm()),
    }
  }
  const now = Math.floor(Date.now() / 1000)
  const store = (ledger: ObjectStub, key: string, expiresAt?: number) =>
    ledger.compareAndSet(
      { key, value: 'v', expiresAt },
      undefined,
      Math.min(now, (expiresAt ?? now) - 1),
    )

  it('removes by alarm what expired more than a day ago, and keeps the rest', async () => {
    const { object, ledger, countRows } = objectNamed('cleaning')
    await store(ledger, 'a:old', now - DAY_SECONDS - 1)
    await store(ledger, 'a:recent', now - 10)
    await store(ledger, 'a:living', now + 100)
    await store(ledger, 'a:forever')
    expect(await countRows()).toBe(4)
    expect(await runDurableObjectAlarm(object)).toBe(true)
    expect(await countRows()).toBe(3)
    expect(await ledger.read('a:living', now)).toBe('v')
    expect(await ledger.read('a:forever', now)).toBe('v')
  })

  it('removes in steps, the next one soon, until nothing is left that has expired', async () => {
    const { object, ledger, countRows, alarmAt } = objectNamed('many')
    await store(ledger, 'a:living', now + 100)
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
    const { object, ledger, countRows, alarmAt } = objectNamed('alarm')
    await store(ledger, 'a:old', now - DAY_SECONDS - 1)
    await store(ledger, 'a:recent', now - 10)
    expect(await alarmAt()).toBeGreaterThan(Date.now())
    await runDurableObjectAlarm(object)
    expect(await alarmAt()).toBeGreaterThan(Date.now())
    expect(await countRows()).toBe(1)
  })

  it('has no alarm set if nothing in it expires, or no longer', async () => {
    const { object, ledger, alarmAt } = objectNamed('quiet')
    await store(ledger, 'instance:a')
    await ledger.read('instance:a', now)
    await ledger.list('instance', { limit: 5 }, now)
    expect(await alarmAt()).toBeNull()
    await store(ledger, 'a:old', now - DAY_SECONDS - 1)
    await runDurableObjectAlarm(object)
    expect(await alarmAt()).toBeNull()
    expect(await ledger.read('instance:a', now)).toBe('v')
  })

  it('finds what has expired by its index, in which nothing else is', async () => {
    const { object, ledger } = objectNamed('index')
    await store(ledger, 'instance:a')
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
    ['has no such method', undefined],
  ])('gives LedgerUnavailableError if the object %s', async (_, answer) => {
    const object = { read: answer, compareAndSet: answer, list: answer } as unknown as ObjectStub
    const broken = createDurableObjectLedger({ idFromName: String, get: () => object })
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
      get: (id) => env.LEDGER.get(id) as unknown as ObjectStub,
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
