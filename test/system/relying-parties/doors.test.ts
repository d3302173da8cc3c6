// Doors: relying parties that are configured, not programmed, each started from what `rollcall recipe` prints.

import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import {
  ADMITTED_BY_DOORS,
  DOORS,
  type DoorParty,
  REFUSED_BY_RECIPE,
  REFUSES_FUTURE,
} from '../../generate/relying-parties.ts'
import { makeBadTokens, resignToken } from '../../support/bad-tokens.ts'
import { BARE } from '../../support/doors/bare.ts'
import type { Door } from '../../support/doors/door.ts'
import {
  missingFor,
  requireDoor,
  startDoor,
  startJudgedDoor,
} from '../../support/doors/start-door.ts'
import { buildStepCa } from '../../support/doors/step-ca.ts'
import { BUILD_LIMIT } from '../../support/go-program.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { AUDIENCE, type Issuer, changeHeader, startIssuer } from './issuer.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-doors-'))
afterAll(() => rmSync(folder, { recursive: true }))

const hasOpenssl = findTool('openssl') !== undefined
beforeEach((context) => void requireTool(context, 'openssl', 'apt-get install openssl'))

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    sub: string
    exp: number
    ecs: Record<string, string>
  }

const isAdmitted = async (door: Door, token: string): Promise<boolean> =>
  (await door.tokenIn(token)).status < 300

/** Those that stand in front of an app, and so get headers of any kind. */
const PROXIES = DOORS.filter((name) => name !== 'step-ca')

beforeAll(async () => {
  if (missingFor('step-ca') === undefined) await buildStepCa()
}, BUILD_LIMIT)

describe.each(['ES256', 'RS256'] as const)('doors of tokens by %s', (algorithm) => {
  let issuer: Issuer
  const doors = new Map<DoorParty, PromiseSettledResult<Door>>()

  beforeAll(async () => {
    if (!hasOpenssl) return
    issuer = await startIssuer(join(folder, algorithm), (await generateSigningKeys(algorithm)).keys)
    const options = { issuer: issuer.url, caFile: issuer.caFile, audience: AUDIENCE }
    const names = DOORS.filter((name) => missingFor(name) === undefined)
    const started = await Promise.allSettled(
      names.map((name) =>
        startJudgedDoor(name, options, async (door) => isAdmitted(door, await issuer.token())),
      ),
    )
    started.forEach((door, at) => doors.set(names[at] as DoorParty, door))
  })

  afterAll(async () => {
    for (const door of doors.values()) if (door.status === 'fulfilled') await door.value.stop()
    await issuer?.close()
  })

  const doorOf = (name: DoorParty): Door => {
    const door = doors.get(name)
    if (door?.status !== 'fulfilled') throw door?.reason
    return door.value
  }

  it.for(DOORS)('%s admits a token of its audience and role', async (name, context) => {
    requireDoor(context, name)
    const door = doorOf(name)
    expect(await isAdmitted(door, await issuer.token()), door.said()).toBe(true)
  })

  it.for(DOORS)(
    '%s refuses the bad tokens that its recipe says, and no other',
    async (name, context) => {
      requireDoor(context, name)
      const door = doorOf(name)
      const source = { goodToken: await issuer.token(), privateKeys: issuer.privateKeys() }
      const admitted: string[] = []
      const answers: Record<string, number> = {}
      for (const [bad, token] of makeBadTokens(source)) {
        const { status } = await door.tokenIn(token)
        if (status < 300) admitted.push(bad)
        else answers[bad] = status
      }
      expect(admitted).toEqual(ADMITTED_BY_DOORS[name])
      // Each is an answer of the door itself, and none of an accident.
      for (const [bad, status] of Object.entries(answers))
        expect([400, 401, 403], bad).toContain(status)
      // A door that began to refuse everything would pass so far.
      expect(await isAdmitted(door, await issuer.token()), door.said()).toBe(true)
    },
  )

  it.for(DOORS)(
    '%s refuses a token that names an algorithm of another type of key',
    async (name, context) => {
      requireDoor(context, name)
      const token = changeHeader(await issuer.token(), () => ({
        alg: algorithm === 'ES256' ? 'RS256' : 'ES256',
      }))
      expect(await isAdmitted(doorOf(name), token)).toBe(false)
    },
  )

  it.for(DOORS)('%s refuses a text that is not a token', async (name, context) => {
    requireDoor(context, name)
    for (const text of ['x', 'a.b.c', '..', 'bm9uZQ.bm9uZQ.bm9uZQ', '{}.{}.{}']) {
      expect(await isAdmitted(doorOf(name), text), text).toBe(false)
    }
  })

  it.for(DOORS)(
    '%s admits a token that was issued 20 s in its future, unless pinned',
    async (name, context) => {
      requireDoor(context, name)
      const source = { goodToken: await issuer.token(), privateKeys: issuer.privateKeys() }
      const iat = Math.floor(Date.now() / 1000) + 20
      const token = resignToken(source, { iat, nbf: iat - 30, exp: iat + 300 })
      expect(await isAdmitted(doorOf(name), token)).toBe(!REFUSES_FUTURE.includes(name))
    },
  )

  // Nothing of this depends on the algorithm.
  if (algorithm === 'RS256') return

  describe('of an app', () => {
    it.for(PROXIES)('%s gives the app the identity, and not the token', async (name, context) => {
      requireDoor(context, name)
      const token = await issuer.token()
      await doorOf(name).tokenIn(token)
      const headers = doorOf(name).seen.at(-1)
      const { sub, exp, ecs } = claimsOf(token)
      expect(headers).toMatchObject({
        'x-rollcall-subject': sub,
        'x-rollcall-instance': ecs['instance_id'],
        'x-rollcall-account': ecs['owner_account_id'],
        'x-rollcall-region': ecs['region_id'],
        'x-rollcall-role': 'worker',
        'x-rollcall-expires': String(exp),
      })
      expect(JSON.stringify(headers)).not.toContain(token.split('.')[2])
    })

    it.for(PROXIES)('%s asks a client without a token for one', async (name, context) => {
      requireDoor(context, name)
      const answer = await fetch(doorOf(name).url)
      expect([answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([
        401,
        expect.stringMatching(/^Bearer\b/),
      ])
    })

    /** Sends headers that `fetch` refuses to send. */
    const send = (url: string, headers: Record<string, string | string[]>): Promise<number> =>
      new Promise((resolve, reject) => {
        request(url, { headers, agent: false }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
        })
          .on('error', reject)
          .end()
      })

    it.for(PROXIES)(
      '%s lets no client name an identity or the way of a request',
      async (name, context) => {
        requireDoor(context, name)
        const door = doorOf(name)
        const token = await issuer.token()
        const { ecs } = claimsOf(token)
        const forged = [
          { 'X-Rollcall-Instance': 'forged' },
          { 'x-rollcall-groups': 'forged' },
          { 'X-Rollcall-Key': 'forged' },
          { X_Rollcall_Instance: 'forged' },
          { 'X-Rollcall_Role': 'forged' },
          { Connection: 'close, X-Rollcall-Instance' },
          { Connection: 'x-rollcall-role' },
          { Forwarded: 'for=forged' },
          { 'X-Forwarded-For': 'forged' },
          { 'X-Forwarded-Uri': 'forged' },
          { 'X-Original-Url': 'forged' },
          { 'X-HTTP-Method-Override': 'forged' },
          { 'X-Real-IP': 'forged' },
          { Authorization: [`Bearer ${token}`, 'Bearer forged'] },
        ]
        for (const headers of forged) {
          const before = door.seen.length
          await send(door.url, { Authorization: `Bearer ${token}`, ...headers })
          // Refused, or passed on with the identity of the token and without a word of the client.
          for (const seen of door.seen.slice(before)) {
            expect(seen, JSON.stringify(headers)).toMatchObject({
              'x-rollcall-instance': ecs['instance_id'],
              'x-rollcall-role': 'worker',
            })
            expect(JSON.stringify(seen), JSON.stringify(headers)).not.toContain('forged')
          }
        }
        const before = door.seen.length
        expect(await send(door.url, { 'X-Rollcall-Instance': 'forged' })).toBeGreaterThanOrEqual(
          400,
        )
        expect(door.seen.length).toBe(before)
      },
    )

    it.for(DOORS)('%s demands what the options of its recipe say', async (name, context) => {
      requireDoor(context, name)
      // Characters that end a text, a rule or a line somewhere.
      const quote = name.startsWith('apache') ? '' : '"'
      const audience = String.raw`https://door.test/a\c;}#&${quote}x`
      const token = await issuer.token()
      const { owner_account_id: account = '', region_id: region = '' } = claimsOf(token).ecs
      const admitted = {
        role: ['first', 'worker'],
        account: ['1', account],
        region: ['cn-other', region],
      }
      const source = { goodToken: token, privateKeys: issuer.privateKeys() }
      const show = async (more: object): Promise<boolean> => {
        const door = await startDoor(name, {
          issuer: issuer.url,
          caFile: issuer.caFile,
          audience,
          more: {
            ...(name !== 'step-ca' && { host: 'door.test' }),
            ...admitted,
            ...more,
          },
        })
        const now = Math.floor(Date.now() / 1000)
        const shown = resignToken(source, { aud: [audience], iat: now, exp: now + 60 })
        try {
          return await isAdmitted(door, shown)
        } finally {
          await door.stop()
        }
      }
      expect(await show({})).toBe(true)
      expect(await show({ role: ['first', 'second'] }), 'another role').toBe(false)
      expect(await show({ account: ['1', `${account}1`] }), 'another account').toBe(false)
      expect(await show({ region: ['cn-other', `${region}-1`] }), 'another region').toBe(false)
    })

    it.for(Object.keys(REFUSED_BY_RECIPE) as DoorParty[])(
      '%s needs its recipe for the bad tokens that the table says',
      async (name, context) => {
        requireDoor(context, name)
        const bare = await startDoor(name, {
          issuer: issuer.url,
          caFile: issuer.caFile,
          audience: AUDIENCE,
          changes: BARE[name] ?? [],
        })
        context.onTestFinished(bare.stop)
        const source = { goodToken: await issuer.token(), privateKeys: issuer.privateKeys() }
        const admitted: string[] = []
        for (const [bad, token] of makeBadTokens(source)) {
          if (await isAdmitted(bare, token)) admitted.push(bad)
        }
        const expected = [...ADMITTED_BY_DOORS[name], ...(REFUSED_BY_RECIPE[name] ?? [])]
        expect(admitted.toSorted()).toEqual(expected.toSorted())
      },
    )
  })
})
