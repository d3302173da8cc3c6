// Apache with mod_oauth2 for bound tokens: each request needs a proof of its own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { DpopKey } from '../../../src/client/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { makeBadTokens } from '../../support/bad-tokens.ts'
import type { Door } from '../../support/doors/door.ts'
import { missingFor, requireDoor, startJudgedDoor } from '../../support/doors/start-door.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { BOUND_AUDIENCE, type Issuer, newDpopKey, startIssuer } from './issuer.ts'

const DOOR = 'apache-oauth2-bound'
const folder = mkdtempSync(join(tmpdir(), 'rollcall-apache-bound-'))
let issuer: Issuer
let door: Door
let key: DpopKey
let token = ''

beforeEach((context) => {
  requireTool(context, 'openssl', 'apt-get install openssl')
  requireDoor(context, DOOR)
})

const proofFor = (url: string, change: object = {}, by = key): Promise<string> =>
  by.prove({
    method: 'GET',
    uri: url,
    accessToken: token,
    now: Date.now() / 1000,
    ...change,
  })

const show = async (
  proof: string | undefined,
  { scheme = 'DPoP', shown = token, at = door } = {},
): Promise<number> => {
  const headers = { Authorization: `${scheme} ${shown}`, ...(proof && { DPoP: proof }) }
  return (await fetch(at.url, { headers })).status
}

beforeAll(async () => {
  if (findTool('openssl') === undefined || missingFor(DOOR) !== undefined) return
  key = await newDpopKey()
  const { keys } = await generateSigningKeys('ES256')
  issuer = await startIssuer(join(folder, 'issuer'), keys)
  await issuer.takeOver(keys, 'bound')
  token = await issuer.token(key)
  const options = { issuer: issuer.url, caFile: issuer.caFile, audience: BOUND_AUDIENCE }
  door = await startJudgedDoor(
    DOOR,
    options,
    async (at) => (await show(await proofFor(at.url), { at })) === 200,
  )
})
afterAll(async () => {
  await door?.stop()
  await issuer?.close()
  rmSync(folder, { recursive: true })
})

it('mod_oauth2 admits a bound token with its proof', async () => {
  expect(await show(await proofFor(door.url)), door.said()).toBe(200)
  expect(door.seen.at(-1)).toMatchObject({ 'x-rollcall-role': 'worker' })
  expect(door.seen.at(-1)).not.toHaveProperty('dpop')
  expect(door.seen.at(-1)).not.toHaveProperty('authorization')
})

it('mod_oauth2 refuses a proof that was used before', async () => {
  const proof = await proofFor(door.url)
  expect(await show(proof)).toBe(200)
  expect(await show(proof)).toBe(401)
})

it('mod_oauth2 refuses a stolen token: without a proof, as a bearer token, with a proof by another key', async () => {
  expect(await show(undefined)).toBe(401)
  expect(await show(undefined, { scheme: 'Bearer' })).toBeGreaterThanOrEqual(401)
  expect(await show(await proofFor(door.url), { scheme: 'Bearer' })).toBeGreaterThanOrEqual(401)
  expect(await show(await proofFor(door.url, {}, await newDpopKey()))).toBe(401)
})

it.each([
  ['method', { method: 'POST' }],
  ['address', { uri: 'https://another.example/' }],
  ['time', { now: Date.now() / 1000 - 310 }],
])('mod_oauth2 refuses a proof for another %s', async (_, change) => {
  expect(await show(await proofFor(door.url, change))).toBe(401)
})

it('mod_oauth2 does not compare the token of a proof, as its page says', async () => {
  expect(await show(await proofFor(door.url, { accessToken: 'another' }))).toBe(200)
})

it('mod_oauth2 refuses bad tokens with good proofs', async () => {
  const source = { goodToken: token, privateKeys: issuer.privateKeys(), jkt: key.thumbprint }
  const admitted: string[] = []
  for (const [name, bad] of makeBadTokens(source)) {
    const proof = await proofFor(door.url, { accessToken: bad })
    if ((await show(proof, { shown: bad })) === 200) admitted.push(name)
  }
  // The first is bound to this key, and so a good one here; the second has its own member `jkt`, and this key, too.
  expect(admitted).toEqual(['bound to a key', 'bound to a key and a certificate', 'a claim twice'])
})
