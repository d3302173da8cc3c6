// The Durable Object ledger inside workerd, on its real SQLite storage.

import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../src/errors.ts'
import { createDurableObjectLedger } from '../../src/ledger/durable-object.ts'
import { describeClaims } from '../ledger/claims.ts'

const ledger = createDurableObjectLedger(env.LEDGER)

describeClaims('the Durable Object ledger', () => ledger)

describe('LedgerObject', () => {
  const object = () => env.LEDGER.get(env.LEDGER.idFromName('cleaning'))
  const claim = async (key: string, expiresAt: number, now: number): Promise<unknown> => {
    const body = JSON.stringify({ key, value: 'v', expiresAt, now })
    const response = await object().fetch('https://ledger/claim', { method: 'POST', body })
    return response.json()
  }
  const countRows = (): Promise<number> =>
    runInDurableObject(object(), (_, { storage }) =>
      Number(storage.sql.exec('SELECT count(*) AS n FROM entries').one()['n']),
    )

  it('removes by alarm what expired more than a day ago, and keeps the rest', async () => {
    const now = Math.floor(Date.now() / 1000)
    await claim('old', now - 86_401, now - 90_000)
    await claim('recent', now - 10, now - 100)
    await claim('living', now + 100, now)
    expect(await countRows()).toBe(3)
    expect(await runDurableObjectAlarm(object())).toBe(true)
    expect(await countRows()).toBe(2)
    expect(await claim('living', now + 100, now)).toEqual({ value: 'v' })
  })

  it('has the next alarm set as long as something is left', async () => {
    const now = Math.floor(Date.now() / 1000)
    await claim('another', now + 100, now)
    const alarm = await runInDurableObject(object(), (_, { storage }) => storage.getAlarm())
    expect(alarm).toBeGreaterThan(Date.now())
  })
})

describe('createDurableObjectLedger()', () => {
  const entry = { key: 'k', value: 'v', expiresAt: 2 }
  it.each([
    ['throws', () => Promise.reject(new Error('gone'))],
    ['answers 500', () => Promise.resolve(new Response('broken', { status: 500 }))],
    ['answers what is not JSON', () => Promise.resolve(new Response('<html>'))],
  ])('gives LedgerUnavailableError if the object %s', async (_, answer) => {
    const broken = createDurableObjectLedger({ idFromName: String, get: () => ({ fetch: answer }) })
    await expect(broken.claim(entry, 1)).rejects.toThrow(LedgerUnavailableError)
  })
})
