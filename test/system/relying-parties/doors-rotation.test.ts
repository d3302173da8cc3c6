// Doors while the signing keys of the issuer change, and while it is unreachable.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import type { Door } from '../../support/doors/door.ts'
import { type HaproxyDoor, startHaproxy } from '../../support/doors/haproxy.ts'
import { missingFor, requireDoor, startDoor } from '../../support/doors/start-door.ts'
import { waitUntil } from '../../support/processes.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { AUDIENCE, CACHE_SECONDS, type Issuer, startIssuer } from './issuer.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-doors-rotation-'))
const [first = {}] = (await generateSigningKeys('ES256')).keys
const [second = {}] = (await generateSigningKeys('RS256')).keys
const hasOpenssl = findTool('openssl') !== undefined
let issuer: Issuer

beforeEach((context) => void requireTool(context, 'openssl', 'apt-get install openssl'))
beforeAll(async () => {
  if (hasOpenssl) issuer = await startIssuer(join(folder, 'issuer'), [first])
})
afterAll(async () => {
  await issuer?.close()
  rmSync(folder, { recursive: true })
})

const admits = async (door: Door, token: string): Promise<boolean> =>
  (await door.tokenIn(token)).status === 200
const options = () => ({ issuer: issuer.url, caFile: issuer.caFile, audience: AUDIENCE })
const untilCachesEnd = (): Promise<void> => wait((CACHE_SECONDS + 0.5) * 1000)

describe('HAProxy and its cron job', () => {
  let haproxy: HaproxyDoor | undefined
  const files = join(folder, 'haproxy')

  beforeEach((context) => requireDoor(context, 'haproxy'))
  beforeAll(async () => {
    if (hasOpenssl && missingFor('haproxy') === undefined) {
      await issuer.takeOver([first])
      haproxy = await startHaproxy(options(), files)
    }
  })
  afterAll(() => haproxy?.stop())

  const door = (): HaproxyDoor => haproxy as HaproxyDoor
  /** A reload replaces the process that answers, and the old one goes on for a moment. */
  const until = (token: string, expected: boolean): Promise<void> =>
    waitUntil(async () => (await admits(door(), token)) === expected, {
      seconds: 20,
      what: `${expected ? 'the new' : 'no old'} key in HAProxy`,
    })
  const keyFiles = (): string[] =>
    ['keys.map', '1.pem', '2.pem', '3.pem', '4.pem'].map((name) =>
      readFileSync(join(files, 'keys', name), 'utf8'),
    )

  it('knows a staged key before it signs, admits both, and refuses the old one after its removal', async () => {
    const old = await issuer.token()
    expect(await admits(door(), old)).toBe(true)

    await issuer.takeOver([second, first])
    const fresh = await issuer.token()
    expect(await admits(door(), fresh), 'before cron runs').toBe(false)
    await door().fetchKeys()
    await until(fresh, true)
    expect(await admits(door(), old), 'the old key is published').toBe(true)

    await issuer.takeOver([second])
    await door().fetchKeys()
    await until(old, false)
    expect(await admits(door(), await issuer.token())).toBe(true)
  })

  it('keeps its keys, and cron fails, while the issuer is unreachable', async () => {
    const token = await issuer.token()
    const before = keyFiles()
    issuer.setReachable(false)
    try {
      await expect(door().fetchKeys()).rejects.toThrow(/urlopen error|RemoteDisconnected/)
    } finally {
      issuer.setReachable(true)
    }
    expect(keyFiles()).toEqual(before)
    expect(await admits(door(), token)).toBe(true)
  })

  it('keeps its keys if the issuer publishes more than the configuration has room for', async () => {
    const before = keyFiles()
    const more = await Promise.all([1, 2, 3, 4].map(() => generateSigningKeys('ES256')))
    await issuer.takeOver([second, ...more.flatMap(({ keys }) => keys)])
    await expect(door().fetchKeys()).rejects.toThrow('5 keys; expected 1 to 4')
    expect(keyFiles()).toEqual(before)
    expect(existsSync(join(files, 'keys/1.pem.new'))).toBe(false)
  })
})

describe.each(['nginx-njs', 'apache-openidc', 'apache-oauth2'] as const)('%s', (name) => {
  let started: Door | undefined
  beforeEach((context) => requireDoor(context, name))
  beforeAll(async () => {
    if (hasOpenssl && missingFor(name) === undefined) {
      await issuer.takeOver([first])
      started = await startDoor(name, options())
      // It has fetched the keys.
      await started.tokenIn(await issuer.token())
    }
  })
  afterAll(() => started?.stop())

  it('admits a token of a new key once its keys are old, and goes on with the old key', async () => {
    const door = started as Door
    const old = await issuer.token()
    await issuer.takeOver([second, first])
    await untilCachesEnd()
    const answer = await door.tokenIn(await issuer.token())
    expect(answer.status, door.said()).toBe(200)
    expect(await admits(door, old)).toBe(true)
  })

  it('goes on with its keys while the issuer is unreachable', async () => {
    const door = started as Door
    const token = await issuer.token()
    issuer.setReachable(false)
    try {
      await untilCachesEnd()
      expect(await admits(door, token), door.said()).toBe(true)
    } finally {
      issuer.setReachable(true)
    }
  })
})
