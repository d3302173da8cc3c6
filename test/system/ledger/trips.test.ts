// How often an enrollment waits for the ledger, counted outside of the service: for Redis on the wire, by a proxy that
// holds each direction for 2 ms, and in workerd at the objects. `test/unit/enroll/trips.test.ts` says what is asked.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { getChallenge, postEvidence } from '../../support/instance.ts'
import { ROOT } from '../../support/sources.ts'
import { startService, usualVariables } from '../../support/start-service.ts'
import { DOCUMENT_FIELDS, sharedTestCloud, signedEvidence } from '../../support/test-cloud.ts'
import { serverFor } from './redis-servers.ts'
import { startTurnProxy } from './turn-proxy.ts'

const HOLD_MS = 2
const TRIES = 10
const role = 'once'
const POLICY = {
  roles: {
    [role]: {
      match: { owner_account_id: [DOCUMENT_FIELDS['owner-account-id']] },
      token: { audience: ['https://api.example'] },
      reenrollment: 'never',
    },
  },
}

let instances = 0
const newInstance = (): string => `i-${instances++}`

/** Makes new evidence of an instance. @returns what posts it, and the status of the answer */
const evidenceOf = async (url: string, instance: string) => {
  const cloud = await sharedTestCloud()
  const audience = await getChallenge(url, role)
  const evidence = signedEvidence(cloud, audience, { 'instance-id': instance })
  return async (): Promise<number> => (await postEvidence(url, { ...evidence, role })).status
}

describe('an enrollment with Redis', () => {
  const start = async (context: Parameters<typeof serverFor>[0]) => {
    const { port } = await serverFor(context)
    // Looks at the epoch and at the settings, each every five seconds, are no part of a call.
    const disturbing = ['ledger:epoch', '\r\ninfo\r\n']
    const proxy = await startTurnProxy(port, { holdMs: HOLD_MS, disturbing })
    context.onTestFinished(() => proxy.close())
    const variables = {
      ...(await usualVariables(await sharedTestCloud(), POLICY)),
      ROLLCALL_LEDGER: `redis://127.0.0.1:${proxy.port}`,
    }
    const { url } = await startService('Node', { variables, context })
    /** Counts the turns of a post during which the service looked at nothing else. */
    const turnsOf = async (prepare: () => Promise<() => Promise<number>>) => {
      for (let tries = 0; tries < TRIES; tries++) {
        const post = await prepare()
        proxy.take()
        const began = performance.now()
        const status = await post()
        const elapsedMs = performance.now() - began
        const { turns, isDisturbed } = proxy.take()
        if (!isDisturbed) return { status, turns, elapsedMs }
      }
      throw new Error(`the service looked at its settings during each of ${TRIES} posts`)
    }
    // The server learns the scripts, which takes turns of its own.
    expect(await (await evidenceOf(url, newInstance()))()).toBe(200)
    return { url, turnsOf }
  }

  it('takes three turns the first time, and three for its retry', async (context) => {
    const { url, turnsOf } = await start(context)
    const first = await turnsOf(() => evidenceOf(url, newInstance()))
    expect(first).toMatchObject({ status: 200, turns: 3 })
    // Three turns of two directions: the counter misses none that the service waited for.
    expect(first.elapsedMs).toBeGreaterThanOrEqual(3 * 2 * HOLD_MS - 1)
    const retry = await turnsOf(async () => {
      const post = await evidenceOf(url, newInstance())
      expect(await post()).toBe(200)
      return post
    })
    expect(retry).toMatchObject({ status: 200, turns: 3 })
  })

  it('takes one turn if the record alone rejects it, and none if the policy does', async (context) => {
    const { url, turnsOf } = await start(context)
    const again = await turnsOf(async () => {
      const instance = newInstance()
      expect(await (await evidenceOf(url, instance))()).toBe(200)
      return evidenceOf(url, instance)
    })
    expect(again).toMatchObject({ status: 403, turns: 1 })
    const cloud = await sharedTestCloud()
    const strange = await turnsOf(async () => {
      const fields = { 'owner-account-id': '9999999999999999' }
      const evidence = signedEvidence(cloud, await getChallenge(url, role), fields)
      return async () => (await postEvidence(url, { ...evidence, role })).status
    })
    expect(strange).toMatchObject({ status: 403, turns: 0 })
  })
})

describe('an enrollment with Durable Objects', () => {
  it('takes three turns, in each of which all objects are asked at once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-trips-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const variables = await usualVariables(await sharedTestCloud(), POLICY)
    const config = join(ROOT, 'test/system/ledger/counting-worker.toml')
    const { url, stop } = await startService('workerd', { variables, folder, config })
    onTestFinished(async () => void (await stop()))
    const takeTurns = async (): Promise<unknown> => (await fetch(`${url}/test/turns`)).json()

    const instance = newInstance()
    const post = await evidenceOf(url, instance)
    await takeTurns()
    expect(await post()).toBe(200)
    const spending = ['compareAndSet', 'read', 'read', 'read']
    expect(await takeTurns()).toEqual([['read'], spending, ['compareAndSet']])
    expect(await post()).toBe(200)
    expect(await takeTurns()).toEqual([['read'], spending, ['read', 'read']])
    expect(await (await evidenceOf(url, instance))()).toBe(403)
    expect(await takeTurns()).toEqual([['read']])
  })
})
