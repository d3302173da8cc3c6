// The certificates of step-ca: whose names they have, and how often a token gets one. doors.test.ts has the bad tokens.

import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { resignToken } from '../../support/bad-tokens.ts'
import type { Door } from '../../support/doors/door.ts'
import { missingFor, requireDoor } from '../../support/doors/start-door.ts'
import { TRUST_DOMAIN, buildStepCa, startStepCa } from '../../support/doors/step-ca.ts'
import { BUILD_LIMIT } from '../../support/go-program.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { AUDIENCE, type Issuer, startIssuer } from './issuer.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-step-ca-'))
const files = join(folder, 'step-ca')
let issuer: Issuer
let stepCa: Door

const options = () => ({ issuer: issuer.url, caFile: issuer.caFile, audience: AUDIENCE })

beforeEach((context) => {
  requireTool(context, 'openssl', 'apt-get install openssl')
  requireDoor(context, 'step-ca')
})
beforeAll(async () => {
  if (missingFor('step-ca') === undefined) await buildStepCa()
}, BUILD_LIMIT)

beforeAll(async () => {
  if (findTool('openssl') === undefined || missingFor('step-ca') !== undefined) return
  issuer = await startIssuer(join(folder, 'issuer'), (await generateSigningKeys('ES256')).keys)
  stepCa = await startStepCa(options(), files)
})
afterAll(async () => {
  await stepCa?.stop()
  await issuer?.close()
  rmSync(folder, { recursive: true })
})

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    ecs: Record<string, string>
  }

const certificateFor = async (token: string, door = stepCa): Promise<string> => {
  const answer = await door.tokenIn(token)
  expect(answer.status, answer.text + door.said()).toBe(201)
  return (JSON.parse(answer.text) as { crt: string }).crt
}

it('step-ca writes the attested names into the certificate, and none of the request', async () => {
  const token = await issuer.token()
  const certificate = new X509Certificate(await certificateFor(token))
  const { owner_account_id, region_id, instance_id } = claimsOf(token).ecs
  expect(certificate.subject).toBe(`CN=${instance_id}`)
  expect(certificate.subjectAltName).toBe(
    `URI:spiffe://${TRUST_DOMAIN}/ecs/${owner_account_id}/${region_id}/${instance_id}`,
  )
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  const hours = (Date.parse(certificate.validTo) - Date.now()) / 3_600_000
  expect(hours).toBeGreaterThan(23)
  expect(hours).toBeLessThan(24.1)
})

it('step-ca signs once for each token', async () => {
  const token = await issuer.token()
  await certificateFor(token)
  expect((await stepCa.tokenIn(token)).status).toBe(401)
})

it('step-ca looks at the first audience alone, so the recipe enrolls for one', async () => {
  const source = { goodToken: await issuer.token(), privateKeys: issuer.privateKeys() }
  const second = resignToken(source, { aud: ['https://other.example', AUDIENCE] })
  expect((await stepCa.tokenIn(second)).status).toBe(401)
  const both = resignToken(source, { aud: [AUDIENCE, 'https://other.example'] })
  expect((await stepCa.tokenIn(both)).status).toBe(201)
})

/** Asks for another certificate with the one that a token got, and no token. @returns the status */
const renew = async (door: Door, folderOfDoor: string): Promise<number | undefined> => {
  const cert = await certificateFor(await issuer.token(), door)
  const key = readFileSync(join(folderOfDoor, 'node.key'))
  const ca = readFileSync(join(folderOfDoor, 'ca/ca.pem'))
  return new Promise((resolve, reject) => {
    request(`${door.url}/1.0/renew`, { method: 'POST', cert, key, ca, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

it('step-ca renews no certificate, so that a new one needs a new token', async () => {
  expect(await renew(stepCa, files)).toBe(401)
})

it('step-ca would renew certificates without a line of the recipe', async (context) => {
  const other = join(folder, 'renewing')
  const door = await startStepCa(
    { ...options(), changes: [['"disableRenewal": true', '"disableRenewal": false']] },
    other,
  )
  context.onTestFinished(door.stop)
  expect(await renew(door, other)).toBe(201)
})
