// `POST /v1/introspect` by relying parties: who may ask, about which tokens, and what the audit event says.

import { beforeAll, describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../../src/base/errors.ts'
import { auditLine } from '../../../../src/http/audit.ts'
import type { Ledger } from '../../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../../src/ledger/memory.ts'
import { makeKey, signer } from '../../../cases/state/independent-jws.ts'
import { MESH, VAULT } from '../../../support/exchanging.ts'
import { claimsOf, expectRefused, expects, problemOf } from '../../../support/http.ts'
import {
  type Introspecting,
  type IntrospectingService,
  PLAIN,
  createIntrospectingService,
  expectIntrospectionRefused,
} from '../../../support/introspecting.ts'
import { DOCUMENT_FIELDS } from '../../../support/test-cloud.ts'
import { ISSUER, createTestService } from '../../../support/test-service.ts'

const INSTANCE = [
  DOCUMENT_FIELDS['owner-account-id'],
  DOCUMENT_FIELDS['region-id'],
  DOCUMENT_FIELDS['instance-id'],
].join('/')

let service: IntrospectingService
/** Unbound, for the audience of `plain`. */
let token: string
beforeAll(async () => {
  service = await createIntrospectingService()
  token = await service.enroll('keyless')
})

describe('POST /v1/introspect by a relying party', () => {
  it('answers with all claims of an active token of its audience', async () => {
    const answer = await service.introspect(token)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('application/json')
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    expect(await answer.json()).toEqual({ active: true, token_type: 'Bearer', ...claimsOf(token) })
    expect(claimsOf(token)['aud']).toEqual([PLAIN])
  })

  it('answers for a bound token with its key, and for exchanged ones with their enrollment', async () => {
    const { mesh, vault } = service.parties
    const bound = await service.active(service.token, mesh)
    expect(bound).toMatchObject({ token_type: 'DPoP', cnf: { jkt: service.key.thumbprint } })
    const enrollment = { enrollment_jti: bound['jti'], enrollment_iat: bound['iat'] }
    const children = [await service.child(VAULT), await service.child(MESH)] as const
    expect(await service.active(children[0], vault)).toEqual({
      active: true,
      token_type: 'Bearer',
      ...claimsOf(children[0]),
      ...enrollment,
    })
    expect(await service.active(children[1], mesh)).toMatchObject({
      active: true,
      token_type: 'DPoP',
      aud: [MESH],
      ...enrollment,
    })
  })

  it('answers {"active":false} and nothing more for a token of another audience', async () => {
    const { vault, mesh, plain } = service.parties
    for (const [shown, as] of [
      [token, vault],
      [token, mesh],
      [service.token, plain],
      [await service.child(VAULT), mesh],
      ['x', plain],
    ] as const) {
      expect(await service.active(shown, as)).toEqual({ active: false })
      expect(service.events.at(-1)).not.toHaveProperty('jti', expect.any(String))
    }
  })

  it('writes one audit event, which names the relying party, its key and the instance, and no token', async () => {
    const answer = await service.introspect(token)
    const id = answer.headers.get('X-Request-Id')
    const events = service.events.filter(({ request_id: own }) => own === id)
    expect(events).toHaveLength(1)
    const { time: _, duration_ms: __, request_id: ___, ...event } = { ...events[0] }
    const { plain } = service.parties
    expect(Object.fromEntries(Object.entries(event).filter(([, it]) => it !== undefined))).toEqual({
      version: 1,
      event: 'introspect',
      outcome: 'done',
      client: 'plain',
      client_kid: plain.key.thumbprint,
      role: 'keyless',
      instance_id: DOCUMENT_FIELDS['instance-id'],
      owner_account_id: DOCUMENT_FIELDS['owner-account-id'],
      region_id: DOCUMENT_FIELDS['region-id'],
      image_id: DOCUMENT_FIELDS['image-id'],
      jti: claimsOf(token)['jti'],
      enrollment_jti: claimsOf(token)['jti'],
    })
    const lines = service.events.map(auditLine).join('\n')
    for (const part of token.split('.').slice(1)) expect(lines).not.toContain(part)
  })

  it.each<[string, Introspecting]>([
    ['a client_id that is the name', { fields: { client_id: 'plain' } }],
    ['an empty client_id, which counts as absent', { fields: { client_id: '' } }],
    ['a hint', { fields: { token_type_hint: 'access_token' } }],
    ['parameters that it does not know', { fields: { scope: 'x', resource: 'y' } }],
    [
      'the typ of RFC 7523’s revision',
      { assertion: { header: { typ: 'client-authentication+jwt' } } },
    ],
    ['an Accept of RFC 9701', { headers: { Accept: 'application/token-introspection+jwt' } }],
  ])('takes %s', async (_, changes) => {
    const answer = await service.introspect(token, changes)
    expect([answer.status, await answer.json()]).toMatchObject([200, { active: true }])
  })

  it.each<[string, string, Introspecting, boolean]>([
    [
      'client_assertion_missing',
      'no assertion',
      { fields: { client_assertion: undefined, client_assertion_type: undefined } },
      false,
    ],
    [
      'client_assertion_missing',
      'no type',
      { fields: { client_assertion_type: undefined } },
      false,
    ],
    [
      'client_assertion_missing',
      'an empty assertion',
      { fields: { client_assertion: '', client_id: 'plain' } },
      false,
    ],
    [
      'client_assertion_missing',
      'a secret in place of an assertion',
      { fields: { client_assertion: undefined, client_secret: 'x' } },
      false,
    ],
    ['client_assertion_invalid', 'a text', { fields: { client_assertion: 'x' } }, false],
    ['client_assertion_invalid', 'an unknown key', { assertion: { header: { kid: 'x' } } }, false],
    [
      'client_assertion_invalid',
      'the typ of a token',
      { assertion: { header: { typ: 'at+jwt' } } },
      false,
    ],
    ['client_assertion_invalid', 'no jti', { assertion: { claims: { jti: undefined } } }, true],
    [
      'client_assertion_for_another_service',
      'the aud of the endpoint',
      { assertion: { claims: { aud: `${ISSUER}/v1/introspect` } } },
      true,
    ],
    [
      'client_assertion_for_another_service',
      'aud as a list',
      { assertion: { claims: { aud: [ISSUER] } } },
      true,
    ],
    [
      'client_assertion_not_in_time',
      'a life of an hour',
      { assertion: { claims: { exp: 4e9 } } },
      true,
    ],
    ['client_name_mismatch', 'another iss', { assertion: { claims: { iss: 'vault' } } }, true],
    ['client_name_mismatch', 'another sub', { assertion: { claims: { sub: 'vault' } } }, true],
    ['client_name_mismatch', 'another client_id', { fields: { client_id: 'vault' } }, true],
  ])('refuses as %s %s', async (reason, _, changes, isKnown) => {
    const answer = await service.introspect(token, changes)
    expect(answer.headers.get('WWW-Authenticate')).toBe(`Bearer realm="${ISSUER}"`)
    const event = await expectIntrospectionRefused(service, answer, [401, 'invalid_client', reason])
    const known = [event['client'], event['client_kid']]
    const { name, key } = service.parties.plain
    expect(known).toEqual(isKnown ? [name, key.thumbprint] : [undefined, undefined])
  })

  it('refuses a signature by another key, and one relying party in the name of another', async () => {
    const stranger = await makeKey()
    const { vault, plain } = service.parties
    for (const [changes, reason] of [
      [{ assertion: { sign: signer(stranger.privateKey) } }, 'client_assertion_invalid'],
      [{ as: { ...plain, key: stranger } }, 'client_assertion_invalid'],
      [{ as: { ...plain, key: vault.key } }, 'client_name_mismatch'],
      [{ as: { ...plain, key: service.key } }, 'client_assertion_invalid'],
    ] as const) {
      const answer = await service.introspect(token, changes)
      await expectIntrospectionRefused(service, answer, [401, 'invalid_client', reason])
    }
  })

  it('refuses an assertion that was used, also for a token of another audience', async () => {
    const claims = { jti: crypto.randomUUID() }
    const { vault } = service.parties
    expect(
      await (await service.introspect(token, { as: vault, assertion: { claims } })).json(),
    ).toEqual({
      active: false,
    })
    const again = await service.introspect(await service.child(VAULT), {
      as: vault,
      assertion: { claims },
    })
    await expectIntrospectionRefused(service, again, [
      401,
      'invalid_client',
      'client_assertion_used',
    ])
  })

  it('lets one of many requests with one assertion pass', async () => {
    const assertion = { claims: { jti: crypto.randomUUID() } }
    const asked = Array.from({ length: 12 }, () => service.introspect(token, { assertion }))
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, ...Array.from({ length: 11 }, () => 401)])
  })

  it('leaves an assertion usable whose request has no token', async () => {
    const assertion = { claims: { jti: crypto.randomUUID() } }
    const incomplete = await service.introspect('', { assertion })
    await expectIntrospectionRefused(service, incomplete, [400, 'invalid_request', 'field_missing'])
    expect((await service.introspect(token, { assertion })).status).toBe(200)
  })

  it.each<[string, number, string, RequestInit]>([
    [
      'JSON',
      415,
      'unsupported_media_type',
      { headers: { 'Content-Type': 'application/json' }, body: '{}' },
    ],
    [
      'too much',
      413,
      'payload_too_large',
      { body: new URLSearchParams({ token: 'x'.repeat(17_000) }) },
    ],
  ])('answers a problem to %s', async (_, status, code, init) => {
    const answer = await service.request('/v1/introspect', { method: 'POST', ...init })
    expect([answer.status, (await problemOf(answer)).code]).toEqual([status, code])
  })

  it.each<[string, (path: string) => Promise<unknown>]>([
    ['a revocation', (path) => service.operate('POST', `${path}/revoke`)],
    ['a reset', (path) => service.operate('POST', `${path}/reset`)],
    [
      'a ban',
      () =>
        service.operate('PUT', `/v1/admin/bans/instance/${DOCUMENT_FIELDS['instance-id']}`, {
          reason: 'test',
        }),
    ],
  ])('answers {"active":false} after %s, for the token and its exchange', async (_, end) => {
    service = await createIntrospectingService()
    const { plain, mesh, vault } = service.parties
    const shown = [
      [await service.enroll('keyless'), plain],
      [service.token, mesh],
      [await service.child(VAULT), vault],
    ] as const
    for (const [text, as] of shown)
      expect(await service.active(text, as)).toMatchObject({ active: true })
    await end(`/v1/admin/instances/${INSTANCE}`)
    for (const [text, as] of shown)
      expect(await service.active(text, as)).toEqual({ active: false })
  })

  it('answers 503 while the ledger is unreachable, and never whether a token is active', async () => {
    const memory = createMemoryLedger(0)
    let broken: 'none' | 'reads' | 'writes' = 'none'
    const fail = (): never => {
      throw new LedgerUnavailableError('gone')
    }
    const ledger: Ledger = {
      ...memory,
      read: async (...args) => (broken === 'reads' ? fail() : memory.read(...args)),
      compareAndSet: async (...args) =>
        broken === 'writes' ? fail() : memory.compareAndSet(...args),
    }
    const own = await createIntrospectingService({ ledger })
    const good = await own.enroll('keyless')
    for (const part of ['reads', 'writes'] as const) {
      broken = part
      const answer = await own.introspect(good)
      await expectRefused(own, answer, expects(503, 'unavailable', 'ledger_unavailable'))
      broken = 'none'
    }
    // The relying party is known once its assertion was verified.
    expect(own.events.filter(({ client }) => client === 'plain')).toHaveLength(1)
    expect(await own.active(good)).toMatchObject({ active: true })
  })
})

describe('who may introspect', () => {
  const operated = (own: IntrospectingService): Promise<Response> =>
    own.operate('POST', '/v1/introspect', { token })

  it('operators and relying parties, if both have keys', async () => {
    const own = await createIntrospectingService()
    token = await own.enroll('keyless')
    expect(await (await operated(own)).json()).toMatchObject({ active: true })
    expect(own.events.at(-1)).toMatchObject({ event: 'admin', action: 'introspect' })
    expect(await own.active(token)).toMatchObject({ active: true })
    const both = await own.introspect(token, {
      headers: { Authorization: `Bearer ${await own.operatorToken()}` },
    })
    await expectRefused(own, both, expects(400, 'invalid_request', 'field_unknown'))
  })

  it('relying parties alone, if operators have no keys', async () => {
    const own = await createIntrospectingService({ operators: false })
    token = await own.enroll('keyless')
    expect(await own.active(token)).toMatchObject({ active: true })
    const header = { Authorization: `Bearer ${await own.operatorToken()}` }
    const both = await own.introspect(token, { headers: header })
    const expected = [400, 'invalid_request', 'credentials_repeated'] as const
    await expectIntrospectionRefused(own, both, expected)
    const operator = await own.post('/v1/introspect', { token }, header)
    const missing = [401, 'invalid_client', 'client_assertion_missing'] as const
    await expectIntrospectionRefused(own, operator, missing)
    expect((await own.request('/v1/admin/bans')).status).toBe(404)
    const get = await own.request('/v1/introspect')
    expect([get.status, get.headers.get('Allow')]).toEqual([405, 'POST'])
  })

  it('nobody, if neither has keys', async () => {
    const none = await createTestService()
    const answer = await none.post('/v1/introspect', { token })
    expect((await problemOf(answer)).code).toBe('not_found')
    const discovery = await (await none.request('/.well-known/openid-configuration')).json()
    expect(discovery).not.toHaveProperty('introspection_endpoint')
  })

  it('discovery says so where relying parties may', async () => {
    const own = await createIntrospectingService()
    for (const name of ['openid-configuration', 'oauth-authorization-server']) {
      const answer = await own.request(`/.well-known/${name}`)
      expect(await answer.json()).toMatchObject({
        introspection_endpoint: `${ISSUER}/v1/introspect`,
        introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
        introspection_endpoint_auth_signing_alg_values_supported: [
          'ES256',
          'RS256',
          'EdDSA',
          'Ed25519',
        ],
      })
    }
  })
})
