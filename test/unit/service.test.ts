// The wiring of the service: what the operator hears of a key that cannot be used.

import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import type { AuditEvent } from '../../src/http/audit.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { type Service, createService } from '../../src/service.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { createExchangingService, EXCHANGE_POLICY, GOOD } from '../support/exchanging.ts'
import { ISSUER, admitting, createTestEnroller } from '../support/test-enroller.ts'
import { ISSUER as TEST_ISSUER } from '../support/test-service.ts'

it('createService() reports a signing key that cannot be used, once, and answers 500 without a token', async () => {
  const [one, other] = await Promise.all([
    generateSigningKeys('ES256'),
    generateSigningKeys('ES256'),
  ])
  const keys = JSON.stringify({ keys: [{ ...one.keys[0], d: other.keys[0]?.d }] })
  const { cloud, evidence } = await createTestEnroller()
  const env = {
    ROLLCALL_ISSUER: ISSUER.replace('.example', '.test'),
    ROLLCALL_SIGNING_KEYS: keys,
    ROLLCALL_POLICY: JSON.stringify(admitting()),
  }
  await expect(parseConfig(env)).rejects.toThrow(/does not match the public key/)

  const { trustAnchors } = (await createTestEnroller({}, cloud)).options
  const config = { ...(await parseConfig(env, { importKeys: 'when used' })), trustAnchors }
  const said: string[] = []
  const service = await createService({
    config,
    ledger: createMemoryLedger(0),
    report: (line) => said.push(line),
    audit: () => undefined,
  })
  const post = async (path: string, fields: Record<string, string>): Promise<Response> =>
    service.fetch(
      new Request(config.issuer + path, { method: 'POST', body: new URLSearchParams(fields) }),
    )
  const { audience } = (await (await post('/v1/challenge', {})).json()) as { audience: string }
  for (let i = 0; i < 2; i++) {
    const answer = await post('/v1/enroll', evidence(audience))
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('access_token')
  }
  expect(said).toEqual([expect.stringMatching(/keys\.0: the private part is not valid/)])
})

describe('createService() with a key that cannot sign', () => {
  type Jwks = { readonly keys: readonly Readonly<Record<string, unknown>>[] }

  /** A service with the public key of another one, and the private half of a third. Its clock is the other one's. */
  const withoutSigner = async () => {
    const exchanging = await createExchangingService()
    const [own] = (JSON.parse(exchanging.privateKeys) as Jwks).keys
    const [other] = (await generateSigningKeys('ES256')).keys
    const env = {
      ROLLCALL_ISSUER: TEST_ISSUER,
      ROLLCALL_SIGNING_KEYS: JSON.stringify({ keys: [{ ...own, d: other?.d }] }),
      ROLLCALL_POLICY: JSON.stringify(EXCHANGE_POLICY),
      ROLLCALL_TRUST_ANCHORS: exchanging.cloud.certificatePem,
    }
    const said: string[] = []
    const events: AuditEvent[] = []
    const service = await createService({
      config: await parseConfig(env, { importKeys: 'when used' }),
      ledger: createMemoryLedger(0),
      report: (line) => void said.push(line),
      audit: (event) => void events.push(event),
      clock: () => exchanging.now,
    })
    said.length = 0
    const secrets = [String(own?.['d']), String(other?.d), exchanging.token]
    return { service, exchanging, said, events, secrets }
  }

  const post = (
    service: Service,
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    service.fetch(
      new Request(TEST_ISSUER + path, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers,
      }),
    )

  it('reports it at an exchange, once for exchanges and enrollments, without a secret', async () => {
    const { service, exchanging, said, events, secrets } = await withoutSigner()
    const exchange = (): Promise<Response> =>
      post(
        service,
        '/v1/token',
        { ...GOOD, subject_token: exchanging.token },
        { DPoP: exchanging.prove() },
      )
    const texts: string[] = []
    for (let i = 0; i < 2; i++) {
      const answer = await exchange()
      expect(answer.status).toBe(500)
      texts.push(await answer.text())
    }
    expect(said).toEqual([expect.stringMatching(/keys\.0: the private part is not valid/)])
    const { document, pkcs7 } = await exchanging.evidence()
    texts.push(await (await post(service, '/v1/enroll', { document, pkcs7 })).text())
    expect(said).toHaveLength(1)
    expect(events.map(({ event, reason, error }) => [event, reason, error])).toEqual([
      ['exchange', 'unexpected_error', 'ConfigurationError'],
      ['exchange', 'unexpected_error', 'ConfigurationError'],
      ['enroll', 'unexpected_error', 'ConfigurationError'],
    ])
    const all = [...texts, ...said, JSON.stringify(events)].join()
    for (const secret of secrets) expect(all).not.toContain(secret)
  })
})
