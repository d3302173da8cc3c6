// One client assertion is for one request, also where two processes of the service share a Redis, and after a restart.

import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { introspectionFields, makeAssertion } from '../../support/client-assertion.ts'
import { PLAIN, makeRelyingParties } from '../../support/introspecting.ts'
import { EXCHANGE_POLICY } from '../../support/exchanging.ts'
import { reservePort } from '../../support/ports.ts'
import { type RedisServer, requireRedis, startRedisServer } from '../../support/redis-server.ts'
import { type ServiceProcess, startService, usualVariables } from '../../support/start-service.ts'
import { nextSecond } from '../../support/clock.ts'
import { sharedTestCloud } from '../../support/test-cloud.ts'
import { ISSUER } from '../../support/test-service.ts'

const ROUNDS = 40

interface Both {
  readonly redis: RedisServer
  readonly services: ServiceProcess[]
  restart(side: 0 | 1): Promise<void>
  /** The parameters of a request with an assertion of its own. */
  request(): URLSearchParams
  /** Sends it to one process. @returns the status, and the error or `active` */
  send(side: 0 | 1, body: URLSearchParams): Promise<readonly [number, unknown]>
}

const startBoth = async (): Promise<Both> => {
  const redis = await startRedisServer()
  const { parties, jwks } = await makeRelyingParties({ plain: [PLAIN] })
  const { plain } = parties
  if (plain === undefined) throw new Error('no relying party')
  const variables = {
    ...(await usualVariables(await sharedTestCloud(), EXCHANGE_POLICY)),
    ROLLCALL_ISSUER: ISSUER,
    ROLLCALL_RELYING_PARTY_KEYS: jwks,
    ROLLCALL_LEDGER: redis.url,
  }
  const start = async (): Promise<ServiceProcess> =>
    startService('Node', { port: await reservePort(), variables })
  const services = [await start(), await start()]
  // Assertions of the second in which the ledger began are refused.
  await nextSecond()
  return {
    redis,
    services,
    async restart(side) {
      await services[side]?.stop()
      services[side] = await start()
    },
    request() {
      const now = Math.floor(Date.now() / 1000)
      const assertion = makeAssertion(plain.key, { name: plain.name, aud: ISSUER, now })
      return new URLSearchParams(introspectionFields('not a token', assertion))
    },
    async send(side, body) {
      const answer = await fetch(`${services[side]?.url}/v1/introspect`, { method: 'POST', body })
      const said = (await answer.json()) as { error?: string; active?: boolean; code?: string }
      return [answer.status, said.error ?? said.code ?? said.active]
    },
  }
}

describe('a client assertion, on two processes with one Redis', () => {
  let opened: Promise<Both> | undefined
  const open = (context: TestContext): Promise<Both> => {
    requireRedis(context)
    opened ??= startBoth()
    return opened
  }
  afterAll(async () => {
    const both = await opened
    await Promise.all((both?.services ?? []).map((service) => service.stop()))
    await both?.redis.close()
  })

  it('passes once of four at once, in every round, and at each of the two', async (context) => {
    const { request, send } = await open(context)
    const wins = [0, 0]
    for (let round = 0; round < ROUNDS; round++) {
      const body = request()
      // Which process is asked first changes from round to round.
      const sides = ([0, 1, 0, 1] as const).map((side) => ((side + round) % 2) as 0 | 1)
      const answers = await Promise.all(sides.map((side) => send(side, body)))
      expect(answers.toSorted(([a], [b]) => a - b)).toEqual([
        [200, false],
        [401, 'invalid_client'],
        [401, 'invalid_client'],
        [401, 'invalid_client'],
      ])
      const winner = sides[answers.findIndex(([status]) => status === 200)] as 0 | 1
      wins[winner] = (wins[winner] ?? 0) + 1
    }
    expect(wins.every((count) => count > 0)).toBe(true)
  })

  it('is refused by a process that was started since', async (context) => {
    const { request, send, restart } = await open(context)
    const body = request()
    expect(await send(0, body)).toEqual([200, false])
    await restart(1)
    expect(await send(1, body)).toEqual([401, 'invalid_client'])
    expect(await send(1, request())).toEqual([200, false])
  })

  it('is answered 503 while Redis is gone, and a used one is refused once it is back', async (context) => {
    const { redis, request, send } = await open(context)
    const used = request()
    expect(await send(0, used)).toEqual([200, false])
    await redis.kill()
    expect(await send(0, request())).toEqual([503, 'unavailable'])
    expect(await send(1, used)).toEqual([503, 'unavailable'])
    await redis.start()
    await expect.poll(async () => (await send(1, request()))[0], { timeout: 20_000 }).toBe(200)
    expect(await send(1, used)).toEqual([401, 'invalid_client'])
  })
})
