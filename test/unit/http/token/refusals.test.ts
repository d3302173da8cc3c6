// What is not exchanged, over HTTP: each refusal with the error that the client reads and the reason in the audit
// event. The first tests are the attacks on an exchange; the others are every other reason.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Ledger } from '../../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../../src/ledger/memory.ts'
import { type TestKey, makeKey } from '../../../cases/state/independent-jws.ts'
import { makeProof } from '../../../cases/state/proofs.ts'
import {
  type Exchanging,
  type ExchangingService,
  MESH,
  VAULT,
  createExchangingService,
  expectExchangeRefused,
} from '../../../support/exchanging.ts'
import { claimsOf } from '../../../support/http.ts'
import { DOCUMENT_FIELDS } from '../../../support/test-cloud.ts'
import { ISSUER } from '../../../support/test-service.ts'

const INSTANCE = `/v1/admin/instances/${DOCUMENT_FIELDS['owner-account-id']}/${DOCUMENT_FIELDS['region-id']}/${DOCUMENT_FIELDS['instance-id']}`

const grant = 'invalid_grant'
const proof = 'invalid_dpop_proof'

let service: ExchangingService
let thief: TestKey
beforeAll(async () => {
  ;[service, thief] = [await createExchangingService(), await makeKey()]
})

type Row = readonly [
  what: string,
  error: string,
  reason: string,
  changes: () => Promise<Exchanging> | Exchanging,
]

const subject = (token: string): Exchanging => ({ fields: { subject_token: token } })

describe('POST /v1/token refuses', () => {
  it.each<Row>([
    [
      'a relying party that was shown the bound token and has no key',
      proof,
      'dpop_missing',
      () => ({ dpop: undefined }),
    ],
    [
      'a relying party that shows the bound token with a proof of its own key',
      proof,
      'dpop_key_mismatch',
      () => ({ dpop: service.prove({}, thief) }),
    ],
    [
      'a relying party that replays the proof that it was shown for its own address',
      proof,
      'dpop_uri_mismatch',
      () => ({ dpop: service.prove({ htu: 'https://party.example/' }) }),
    ],
    [
      'an unbound token, which every relying party could exchange',
      grant,
      'token_not_bound',
      async () => subject(await service.enroll('keyless')),
    ],
    [
      'an unbound token with a proof of any key',
      grant,
      'token_not_bound',
      async () => ({
        ...subject(await service.enroll('keyless')),
        dpop: service.prove({}, thief),
      }),
    ],
    [
      'a child that is a bearer token',
      grant,
      'token_not_bound',
      async () => subject(await service.child()),
    ],
    [
      'a child that is bound to the same key',
      grant,
      'token_exchanged',
      async () => subject(await service.child(MESH)),
    ],
    [
      'an audience that the role does not list',
      'invalid_target',
      'audience_not_allowed',
      () => ({ fields: { audience: 'https://other.test' } }),
    ],
    [
      'the audience of the enrollment token',
      'invalid_target',
      'audience_not_allowed',
      () => ({ fields: { audience: ISSUER } }),
    ],
    [
      'another spelling of a listed audience',
      'invalid_target',
      'audience_not_allowed',
      () => ({ fields: { audience: `${VAULT}/` } }),
    ],
  ])('%s, with %s, as %s', async (_, error, reason, changes) => {
    const answer = await service.exchange(await changes())
    await expectExchangeRefused(service, answer, { error, reason })
  })

  it.each<Row>([
    ['text', grant, 'malformed', () => subject('x')],
    [
      'the token of an operator',
      grant,
      'malformed',
      async () => subject(await service.operatorToken()),
    ],
    ['an unknown kid', grant, 'key_refused', () => subject(service.resigned({}, { kid: 'x' }))],
    [
      'a token that was altered',
      grant,
      'signature_invalid',
      () => {
        const [head, , signature] = service.token.split('.')
        const claims = JSON.stringify({ ...claimsOf(service.token), role: 'elsewhere' })
        return subject(`${head}.${Buffer.from(claims).toString('base64url')}.${signature}`)
      },
    ],
    [
      'a token without a jti',
      grant,
      'claims_incomplete',
      () => subject(service.resigned({ jti: undefined })),
    ],
    [
      'a token of another service',
      grant,
      'issuer_mismatch',
      () => subject(service.resigned({ iss: 'https://b.test' })),
    ],
    [
      'an expired token',
      grant,
      'token_expired',
      () => subject(service.resigned({ exp: service.now })),
    ],
    [
      'a token of the future',
      grant,
      'token_not_yet_valid',
      () => subject(service.resigned({ iat: service.now + 31 })),
    ],
    [
      'a token of evidence without a challenge',
      grant,
      'acr_mismatch',
      () => subject(service.resigned({ acr: 'urn:rollcall:freshness:signing_time' })),
    ],
    [
      'a token that is bound to a certificate',
      grant,
      'binding_unknown',
      () => subject(service.resigned({ cnf: { 'x5t#S256': 'x' } })),
    ],
    [
      'a token that is bound to a key and a certificate',
      grant,
      'binding_unknown',
      () => subject(service.resigned({ cnf: { jkt: service.key.thumbprint, 'x5t#S256': 'x' } })),
    ],
    [
      'a token of a role that the policy does not have',
      grant,
      'role_not_exchangeable',
      () => subject(service.resigned({ role: 'gone' })),
    ],
    [
      'a bound token of a role that also gives unbound ones',
      grant,
      'role_not_exchangeable',
      async () => subject(await service.enroll('keyless', service.key)),
    ],
    [
      'a token of a role that does not match the instance',
      grant,
      'role_no_longer_matches',
      () => subject(service.resigned({ role: 'elsewhere' })),
    ],
    ['an empty DPoP header', proof, 'dpop_malformed', () => ({ dpop: '' })],
    [
      'two DPoP headers, which arrive joined by a comma',
      proof,
      'dpop_malformed',
      () => ({ dpop: `${service.prove()}, ${service.prove()}` }),
    ],
    [
      'a proof with a private key',
      proof,
      'dpop_key_refused',
      () => {
        const jwk = service.key.privateKey.export({ format: 'jwk' })
        const claims = { htu: `${ISSUER}/v1/token`, iat: service.now }
        return { dpop: makeProof(service.key, ISSUER, 'x', { header: { jwk }, claims }) }
      },
    ],
    [
      'a proof whose signature another key made',
      proof,
      'dpop_signature_invalid',
      () => {
        const [head, claims] = service.prove().split('.')
        const [, , signature] = service.prove({}, thief).split('.')
        return { dpop: `${head}.${claims}.${signature}` }
      },
    ],
    [
      'a proof for GET',
      proof,
      'dpop_method_mismatch',
      () => ({ dpop: service.prove({ htm: 'GET' }) }),
    ],
    [
      'the proof of an enrollment',
      proof,
      'dpop_uri_mismatch',
      () => ({ dpop: service.prove({ htu: `${ISSUER}/v1/enroll` }) }),
    ],
    [
      'a proof for another token',
      proof,
      'dpop_token_mismatch',
      () => ({ dpop: service.prove({ ath: 'x' }) }),
    ],
    [
      'a proof of 61 seconds ago',
      proof,
      'dpop_not_in_time',
      () => ({ dpop: service.prove({ iat: service.now - 61 }) }),
    ],
    [
      'a proof of 61 seconds ahead',
      proof,
      'dpop_not_in_time',
      () => ({ dpop: service.prove({ iat: service.now + 61 }) }),
    ],
  ])('%s, with %s, as %s', async (_, error, reason, changes) => {
    const answer = await service.exchange(await changes())
    await expectExchangeRefused(service, answer, { error, reason })
  })

  it('a proof that was used, for any audience, and says so', async () => {
    const dpop = service.prove()
    expect((await service.exchange({ dpop })).status).toBe(200)
    for (const audience of [VAULT, MESH]) {
      const answer = await service.exchange({ dpop, fields: { audience } })
      await expectExchangeRefused(service, answer, { error: proof, reason: 'dpop_replayed' })
    }
  })

  it('a token that is older than the ledger', async () => {
    let since = 0
    const memory = createMemoryLedger(0)
    const ledger: Ledger = Object.defineProperty({ ...memory }, 'remembersSince', {
      get: () => since,
    })
    const restored = await createExchangingService({ ledger })
    since = restored.now + 1
    const answer = await restored.exchange()
    await expectExchangeRefused(restored, answer, { error: grant, reason: 'token_before_ledger' })
  })
})

describe('POST /v1/token, once an operator has ended the enrollment,', () => {
  let ended: ExchangingService
  let child: string
  let boundChild: string
  beforeEach(async () => {
    ended = await createExchangingService()
    ;[child, boundChild] = [await ended.child(), await ended.child(MESH)]
  })
  const isActive = async (token: string): Promise<unknown> => {
    const answer = await ended.operate('POST', '/v1/introspect', { token })
    return ((await answer.json()) as { active: unknown }).active
  }

  const BAN = (kind: string, field: keyof typeof DOCUMENT_FIELDS): string =>
    `/v1/admin/bans/${kind}/${DOCUMENT_FIELDS[field]}`

  it.each<[string, string, (token: string) => Promise<Response>]>([
    [
      'by revoking the token by its jti',
      'token_revoked',
      (token) => ended.operate('POST', '/v1/revoke', { jti: String(claimsOf(token)['jti']) }),
    ],
    [
      'by revoking the token itself',
      'token_revoked',
      (token) => ended.operate('POST', '/v1/revoke', { token }),
    ],
    [
      'by revoking all tokens of the instance',
      'token_revoked',
      () => ended.operate('POST', `${INSTANCE}/revoke`),
    ],
    ['by a reset', 'token_before_reset', () => ended.operate('POST', `${INSTANCE}/reset`)],
    [
      'by a ban of the instance',
      'banned',
      () => ended.operate('PUT', BAN('instance', 'instance-id'), { reason: 'r' }),
    ],
    [
      'by a ban of the image',
      'banned',
      () => ended.operate('PUT', BAN('image', 'image-id'), { reason: 'r' }),
    ],
    [
      'by a ban of the account',
      'banned',
      () => ended.operate('PUT', BAN('account', 'owner-account-id'), { reason: 'r' }),
    ],
  ])('%s, refuses as %s, and its children are not active', async (_, reason, end) => {
    expect([await isActive(child), await isActive(boundChild)]).toEqual([true, true])
    expect((await end(ended.token)).status).toBe(200)
    await expectExchangeRefused(ended, await ended.exchange(), { error: grant, reason })
    expect([await isActive(child), await isActive(boundChild)]).toEqual([false, false])
  })

  it('but not by revoking one child', async () => {
    await ended.operate('POST', '/v1/revoke', { token: child })
    expect([await isActive(child), await isActive(boundChild)]).toEqual([false, true])
    expect((await ended.exchange()).status).toBe(200)
  })

  it('names the proved key in the audit event of a banned instance', async () => {
    await ended.operate('PUT', BAN('instance', 'instance-id'), { reason: 'r' })
    await ended.exchange()
    expect(ended.events.at(-1)).toMatchObject({
      event: 'exchange',
      reason: 'banned',
      role: 'node',
      instance_id: DOCUMENT_FIELDS['instance-id'],
      jkt: ended.key.thumbprint,
      enrollment_jti: claimsOf(ended.token)['jti'],
    })
  })
})
