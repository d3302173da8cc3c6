// What the tests of the Redis driver share.

import { type TestContext, expect } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { type RedisLedgerOptions, createRedisLedger } from '../../../src/ledger/redis/redis.ts'
import { waitUntil } from '../../support/processes.ts'
import { type RedisServer, requireRedis, startRedisServer } from '../../support/redis-server.ts'
import { NOW } from '../../cases/ledger/keys.ts'

/** Part of every password here; no message may show it. */
export const SECRET = 'Geheim-9731'
/** A stored value; no message may show it. */
export const VALUE = 'Wert-4711'
export const KEY = 'test:key'

export const serverFor = async (
  context: TestContext,
  options: Parameters<typeof startRedisServer>[0] = {},
): Promise<RedisServer> => {
  requireRedis(context)
  const server = await startRedisServer(options)
  context.onTestFinished(() => server.close())
  return server
}

export const ledgerFor = (context: TestContext, options: RedisLedgerOptions): Ledger => {
  const ledger = createRedisLedger(options)
  context.onTestFinished(() => ledger.close())
  return ledger
}

export const callsOf = (ledger: Ledger): readonly (() => Promise<unknown>)[] => [
  () => ledger.read(KEY, NOW),
  () => ledger.compareAndSet({ key: KEY, value: VALUE }, undefined, NOW),
  () => ledger.list('test', { limit: 10 }, NOW),
]

/** What every method refuses with; never with a secret. */
export const refusalOf = async (ledger: Ledger): Promise<string> => {
  const messages = new Set<string>()
  for (const call of callsOf(ledger)) {
    const error = await call().then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(error).toBeInstanceOf(LedgerUnavailableError)
    const { message, stack = '', cause } = error as LedgerUnavailableError
    expect(cause).toBeUndefined()
    expect(`${message} ${stack} ${JSON.stringify(error)}`).not.toMatch(/Geheim|Wert/)
    messages.add(message)
  }
  expect(messages.size).toBe(1)
  return [...messages].join()
}

export const untilReads = (ledger: Ledger): Promise<void> =>
  waitUntil(
    () =>
      ledger.read(KEY, NOW).then(
        () => true,
        () => false,
      ),
    { seconds: 5, what: 'the ledger reads' },
  )
