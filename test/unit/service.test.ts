// The wiring of the service: what the operator hears of a key that cannot be used.

import { expect, it } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { createService } from '../../src/service.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { ISSUER, admitting, createTestEnroller } from '../support/test-enroller.ts'

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
