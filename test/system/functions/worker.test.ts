// The Worker in workerd under `wrangler dev`: what it takes from its bindings, and what outlives it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMetadataEmulator } from '../../../src/emulator/index.ts'
import { claimsOf, problemOf } from '../../support/http.ts'
import { TOKEN_AUDIENCE } from '../../support/test-service.ts'
import { getChallenge, postEvidence } from '../../support/instance.ts'
import { reservePort } from '../../support/ports.ts'
import { waitUntil } from '../../support/processes.ts'
import { verifyToken } from '../../support/relying-party.ts'
import { type RunningService, startService, usualVariables } from '../../support/start-service.ts'
import { type TestCloud, sharedTestCloud, signedEvidence } from '../../support/test-cloud.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-worker-'))
let cloud: TestCloud
let variables: Record<string, string>
const running = new Set<RunningService>()

beforeAll(async () => {
  cloud = await sharedTestCloud()
  variables = await usualVariables(cloud)
})
afterAll(async () => {
  await Promise.all([...running].map(({ stop }) => stop()))
  rmSync(folder, { recursive: true, force: true })
})

interface Place {
  readonly folder: string
  readonly port?: number
}

const start = async (env: Record<string, string>, place: Place): Promise<RunningService> => {
  const service = await startService('workerd', { variables: env, ...place })
  running.add(service)
  return service
}

// Each test has a workerd of its own, and most of the time waits for it.
describe.concurrent('functions/worker.ts', () => {
  it('enrolls, and still refuses a spent challenge after a restart', async () => {
    const place = { folder, port: await reservePort() }
    let service = await start(variables, place)
    const challenge = await getChallenge(service.url)
    const evidence = signedEvidence(cloud, challenge)
    const first = await postEvidence(service.url, evidence)
    expect(first).toMatchObject({ status: 200, body: { token_type: 'Bearer', role: 'worker' } })
    const token = String(first.body['access_token'])
    const { claims } = await verifyToken(token, service.url, TOKEN_AUDIENCE)
    expect(claims).toMatchObject({ iss: service.url })

    await service.stop()
    service = await start(variables, place)
    const { url, auditEvents } = service
    const again = await postEvidence(url, evidence)
    expect(again.status).toBe(200)
    const { jti, iat, exp } = claimsOf(String(again.body['access_token']))
    expect({ jti, iat, exp }).toEqual({ jti: claims.jti, iat: claims.iat, exp: claims.exp })

    const other = await postEvidence(
      url,
      signedEvidence(cloud, challenge, { 'instance-id': 'i-other' }),
    )
    expect(other).toMatchObject({ status: 401, body: { code: 'invalid_evidence' } })
    const eventOf = (requestId: string) =>
      auditEvents().find(({ request_id: id }) => id === requestId)
    await waitUntil(() => eventOf(other.requestId) !== undefined, {
      seconds: 10,
      what: 'the audit event',
    })
    expect(eventOf(again.requestId)).toMatchObject({ outcome: 'issued', retry: true })
    expect(eventOf(other.requestId)).toMatchObject({
      outcome: 'refused',
      reason: 'challenge_spent',
      instance_id: 'i-other',
    })
  })

  it('answers 503 on a bad configuration, and tells the operator all but the secrets', async () => {
    const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'
    const bad = {
      ...variables,
      ROLLCALL_SIGNING_KEYS: `{"keys":[{"kty":"oct","k":"${secret}"}]}`,
      ROLLCALL_LEDGER: 'memory:',
      ROLLCALL_CHALLENGE_KEYS: secret,
    }
    const place = { folder: join(folder, 'bad') }
    const { url, output, auditEvents } = await start(bad, place)
    for (const path of ['/healthz', '/.well-known/jwks.json', '/v1/challenge']) {
      const method = path === '/v1/challenge' ? 'POST' : 'GET'
      const response = await fetch(url + path, { method, headers: { 'X-Request-Id': 'mine' } })
      expect(response.headers.get('Retry-After')).toMatch(/^[1-9][0-9]*$/)
      const text = await response.clone().text()
      expect(text).not.toMatch(/ROLLCALL|keys/)
      expect(await problemOf(response)).toMatchObject({
        status: 503,
        code: 'unavailable',
        request_id: 'mine',
      })
    }
    const problems = ['SIGNING_KEYS: keys.0', 'LEDGER: cannot be set here', 'CHALLENGE_KEYS: key 1']
    await waitUntil(() => problems.every((problem) => output().includes(`ROLLCALL_${problem}`)), {
      seconds: 10,
      what: 'the problems',
    })
    expect(output()).not.toContain(secret)
    expect(auditEvents()).toEqual([])
    // Three requests were refused for one reason: it stands in the log once.
    expect(output().match(/configuration is not valid/g)).toHaveLength(1)
  })

  it('warns in its log, once, of what weakens it', async () => {
    const { certificatePem } = await createMetadataEmulator({ seed: 'worker' })
    const weak = { ...variables, ROLLCALL_TRUST_ANCHORS: certificatePem }
    const place = { folder: join(folder, 'weak') }
    const { url, output } = await start(weak, place)
    for (let i = 0; i < 3; i++) await getChallenge(url)
    const warning = 'warning: ROLLCALL_TRUST_ANCHORS: a certificate was made by an emulator'
    await waitUntil(() => output().includes(warning), { seconds: 10, what: 'the warning' })
    expect(output().split(warning)).toHaveLength(2)
    expect(output()).toContain(`warning: ROLLCALL_ISSUER: "${url}" works on this machine only`)
  })

  it('refuses the certificate of an emulator for an issuer that others can reach', async () => {
    const { certificatePem } = await createMetadataEmulator({ seed: 'worker' })
    const left = {
      ...variables,
      ROLLCALL_ISSUER: 'https://rollcall.test',
      ROLLCALL_TRUST_ANCHORS: certificatePem,
    }
    const place = { folder: join(folder, 'left') }
    const { url, output } = await start(left, place)
    expect((await fetch(`${url}/v1/challenge`, { method: 'POST' })).status).toBe(503)
    const problem = 'ROLLCALL_TRUST_ANCHORS: certificate 1 was made by an emulator'
    await waitUntil(() => output().includes(problem), { seconds: 10, what: 'the problem' })
  })
})
