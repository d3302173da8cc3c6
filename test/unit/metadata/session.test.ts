// Hardened mode as the client keeps it: one token for all, renewed in time.

import { describe, expect, it } from 'vitest'
import { createMetadataClient } from '../../../src/metadata/index.ts'
import { failureOf, startClientServers } from '../../support/metadata-client.ts'
import { createTestTiming } from '../../support/timing.ts'

const PUT = 'PUT /latest/api/token'
const countPuts = (requests: readonly string[]): number =>
  requests.filter((request) => request === PUT).length
const CALLS = 50

describe("the client's token", () => {
  it('is asked for once by 50 calls at the same time', async () => {
    const { client, requests } = await startClientServers({ hardenedOnly: true })
    const hostname = await client.items.hostname()
    const names = await Promise.all(Array.from({ length: CALLS }, () => client.items.hostname()))
    expect(new Set(names)).toEqual(new Set([hostname]))
    expect(countPuts(requests)).toBe(1)

    const fresh = await startClientServers({ hardenedOnly: true })
    await Promise.all(Array.from({ length: CALLS }, () => fresh.client.items.mac()))
    expect(countPuts(fresh.requests)).toBe(1)
    expect(fresh.requests.length).toBe(CALLS + 1)
  })

  it('is renewed before its 300 seconds are over', async () => {
    const timing = createTestTiming()
    const { client, requests } = await startClientServers(
      { hardenedOnly: true, clock: () => Math.floor(timing.now()) },
      { timing },
    )
    await client.items.mac()
    timing.pass(269)
    await client.items.mac()
    expect(countPuts(requests)).toBe(1)
    timing.pass(2)
    await Promise.all(Array.from({ length: CALLS }, () => client.items.mac()))
    expect(countPuts(requests)).toBe(2)
  })

  it('is renewed once for all calls when the service takes it no longer', async () => {
    let now = 1000
    const { client, requests } = await startClientServers({ hardenedOnly: true, clock: () => now })
    await client.items.mac()
    now += 400
    await Promise.all(Array.from({ length: CALLS }, () => client.items.mac()))
    expect(countPuts(requests)).toBe(2)
    expect(requests.length).toBe(2 + 1 + 2 * CALLS)
  })

  it('is not asked for without end where the service takes none', async () => {
    const { client, requests } = await startClientServers({ faults: ['token-uses:0'] })
    const error = await failureOf(client.items.mac())
    expect(error).toMatchObject({ code: 'token_refused', status: 401, path: 'meta-data/mac' })
    expect(String(error)).toContain('check that no proxy changes or drops the header')
    const get = 'GET /latest/meta-data/mac'
    expect(requests).toEqual([PUT, get, PUT, get])
  })

  it('is asked for again by the next call after it could not be had', async () => {
    const faults = ['error:403x1@api/token']
    const { client, requests } = await startClientServers({ faults, hardenedOnly: true })
    const results = await Promise.allSettled([client.items.mac(), client.items.mac()])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await client.items.mac()).toMatch(/^00:16:3e:/)
    expect(countPuts(requests)).toBe(2)
  })

  it.each([404, 405])(
    'is done without in the mode auto after %i, and only then',
    async (status) => {
      const faults = [`error:${status}@api/token`]
      const { client, requests } = await startClientServers({ faults }, { mode: 'auto' })
      expect(await client.isHardened()).toBe(false)
      await client.items.mac()
      await client.items.mac()
      expect(countPuts(requests)).toBe(1)

      const { client: strict, requests: sent } = await startClientServers({ faults })
      const error = await failureOf(strict.items.mac())
      expect(error).toMatchObject({ code: 'no_hardened_mode', status })
      expect(String(error)).toContain('use the mode `auto`')
      expect(sent).toEqual([PUT, 'GET /latest/meta-data/instance-id'])
    },
  )

  it.each<[string, () => Response]>([
    ['404', () => new Response('', { status: 404 })],
    ['404 to PUT and a page to GET', () => new Response('<html>a page</html>')],
    ['404 to PUT and 403 to GET', () => new Response('', { status: 403 })],
  ])('is never given up for what is not the metadata service: %s', async (_, get) => {
    const fetch = async (_: string, { method }: { method: string }) =>
      method === 'PUT' ? new Response('', { status: 404 }) : get()
    const client = createMetadataClient({ baseUrl: 'http://a.example', fetch })
    const error = await failureOf(client.items.mac())
    expect(error).toMatchObject({ code: 'foreign_answer' })
    expect(String(error)).toContain('http://a.example is not the metadata service')
    expect(String(error)).not.toMatch(/auto|hardened/)
  })

  it('in the mode auto, too, tells what answers 404 to everything from an item not set', async () => {
    const fetch = async () => new Response('', { status: 404 })
    const foreign = createMetadataClient({ fetch, mode: 'auto' })
    expect(await failureOf(foreign.items.mac())).toMatchObject({
      code: 'foreign_answer',
      remedy: 'is this an ECS instance in a VPC?',
    })
    const faults = ['not-found:api/token']
    const { client } = await startClientServers({ faults }, { mode: 'auto' })
    expect(await failureOf(client.get('user-data'))).toMatchObject({ code: 'not_found' })
  })

  it.each([
    [
      400,
      /gives no token \(status 400\); it refused the TTL of 300 s; is this the metadata service/,
    ],
    [401, /gives no token \(status 401\); is this the metadata service of ECS\?/],
    [
      403,
      /gives no token \(status 403\); it refuses what comes through a proxy \(X-Forwarded-For\)/,
    ],
    [410, /gives no token \(status 410\); is this the metadata service of ECS\?/],
  ])('ends it in both modes when the answer is %i', async (status, message) => {
    for (const mode of ['auto', 'hardened'] as const) {
      const faults = [`error:${status}@api/token`]
      const { client, requests } = await startClientServers({ faults }, { mode })
      const error = await failureOf(client.items.mac())
      expect(error).toMatchObject({ code: 'token_refused', status })
      expect(String(error)).toMatch(message)
      expect(requests).toEqual([PUT])
    }
  })

  it('is used in the mode auto where the service gives one', async () => {
    const { client } = await startClientServers({ hardenedOnly: true }, { mode: 'auto' })
    expect(await client.isHardened()).toBe(true)
    expect(await client.items.networkType()).toBe('vpc')
  })

  it('comes back into use when a service of normal mode begins to demand it', async () => {
    const faults = ['error:404x1@api/token']
    const { client, requests } = await startClientServers(
      { faults, hardenedOnly: true },
      { mode: 'auto' },
    )
    expect(await client.items.networkType()).toBe('vpc')
    expect(countPuts(requests)).toBe(2)
  })
})
