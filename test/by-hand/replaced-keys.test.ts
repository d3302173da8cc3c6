// The service has new signing keys, without staging, as after a theft: how long a real API server goes on with the old
// ones. And the service is unreachable when the API server starts. This takes five minutes.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resignToken } from '../support/bad-tokens.ts'
import { type Cluster, startCluster } from '../support/kubernetes/cluster.ts'
import { findReadyPrograms, requireReadyPrograms } from '../support/kubernetes/programs.ts'
import type { RealServer } from '../support/kubernetes/real-server.ts'
import { waitUntil } from '../support/processes.ts'

/** `max-age` of the keys, but half a minute. */
const KEPT_SECONDS = 270

/** How often an API server looks for an issuer that it could not reach. */
const RETRY_SECONDS = 10

let cluster: Cluster
let server: RealServer
beforeAll(async () => {
  if (findReadyPrograms() === undefined) return
  cluster = await startCluster()
  if (cluster.real === undefined) throw new Error('the API server is not a real one')
  server = cluster.real
})
afterAll(() => cluster?.close())

const statusOf = async (token: string): Promise<number> =>
  (await server.call('GET', '/api', undefined, token)).status

/** A thief's tokens, signed with the keys that the service has now: each one new, for half an hour. */
const thief = async (): Promise<() => string> => {
  const goodToken = await cluster.token()
  const privateKeys = JSON.stringify({ keys: cluster.signingKeys })
  return () => {
    const iat = Math.floor(Date.now() / 1000)
    const claims = { jti: crypto.randomUUID(), iat, nbf: iat, exp: iat + 1800 }
    return resignToken({ goodToken, privateKeys }, claims)
  }
}

describe('a real API server that starts while its issuer is unreachable', () => {
  it('is ready, and admits nodes ten seconds after the issuer is back', async (context) => {
    requireReadyPrograms(context)
    const status = async (): Promise<number> =>
      (await server.call('GET', '/readyz').catch(() => undefined))?.status ?? 0
    let restarted: Promise<void> | undefined
    await cluster.replaceKeys(async () => {
      restarted = server.restart(cluster.configuration)
      await waitUntil(async () => (await status()) === 0, { seconds: 20, what: 'its end' })
      await waitUntil(async () => (await status()) === 200, { seconds: 60, what: 'its start' })
    })
    const started = Date.now()
    await restarted
    expect((Date.now() - started) / 1000).toBeLessThan(RETRY_SECONDS + 1)
    expect(await statusOf(await cluster.token())).toBe(200)
  })
})

describe('a real API server whose issuer has other keys', () => {
  it('drops the old ones when its file changes', async (context) => {
    requireReadyPrograms(context)
    const steal = await thief()
    expect(await statusOf(steal())).toBe(200)
    await cluster.replaceKeys()
    const token = await cluster.token()
    expect([await statusOf(steal()), await statusOf(token)]).toEqual([200, 401])
    await server.configure(`${cluster.configuration}# The signing keys were replaced.\n`)
    expect([await statusOf(steal()), await statusOf(token)]).toEqual([401, 200])
  })

  it(
    'admits tokens of the removed key until a token of a new key comes after four and a half minutes',
    async (context) => {
      requireReadyPrograms(context)
      const steal = await thief()
      const started = Date.now()
      expect(await statusOf(steal())).toBe(200)
      await cluster.replaceKeys()
      await new Promise((resolve) => setTimeout(resolve, (KEPT_SECONDS - 20) * 1000))
      expect([await statusOf(await cluster.token()), await statusOf(steal())]).toEqual([401, 200])
      await new Promise((resolve) => setTimeout(resolve, 30_000))
      // Nobody has shown a token of the new key since then.
      expect((Date.now() - started) / 1000).toBeGreaterThan(KEPT_SECONDS)
      expect(await statusOf(steal())).toBe(200)
      expect([await statusOf(await cluster.token()), await statusOf(steal())]).toEqual([200, 401])
    },
    2 * KEPT_SECONDS * 1000,
  )
})
