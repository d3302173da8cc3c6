// `POST /v1/token`: what a good exchange answers, what its audit event says, and how parameters are read.

import { beforeAll, describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../../src/base/errors.ts'
import { auditLine } from '../../../../src/http/audit.ts'
import type { Ledger } from '../../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../../src/ledger/memory.ts'
import {
  type Exchanging,
  type ExchangingService,
  GOOD,
  MESH,
  VAULT,
  createExchangingService,
  expectExchangeRefused,
} from '../../../support/exchanging.ts'
import { claimsOf, expectRefused, expects, form, problemOf } from '../../../support/http.ts'
import { DOCUMENT_FIELDS } from '../../../support/test-cloud.ts'
import { ISSUER } from '../../../support/test-service.ts'

const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt'
const ACCESS_TYPE = 'urn:ietf:params:oauth:token-type:access_token'

let service: ExchangingService
beforeAll(async () => {
  service = await createExchangingService()
})

describe('POST /v1/token', () => {
  it('gives a bearer token of one audience, as RFC 8693 section 2.2.1 has it', async () => {
    const answer = await service.exchange()
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('application/json')
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    const body = (await answer.json()) as Record<string, unknown>
    expect(body).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      issued_token_type: JWT_TYPE,
      token_type: 'Bearer',
      expires_in: 120,
    })
    const parent = claimsOf(service.token)
    const child = claimsOf(String(body['access_token']))
    expect(child).toMatchObject({
      iss: ISSUER,
      aud: [VAULT],
      sub: parent['sub'],
      groups: ['nodes'],
      enrollment_jti: parent['jti'],
      enrollment_iat: parent['iat'],
    })
    expect(child).not.toHaveProperty('cnf')
  })

  it('gives a token of the same key where the policy says so', async () => {
    const answer = await service.exchange({ fields: { audience: MESH } })
    const body = (await answer.json()) as Record<string, unknown>
    expect(body).toMatchObject({ token_type: 'DPoP', expires_in: 600 })
    expect(claimsOf(String(body['access_token']))['cnf']).toEqual({ jkt: service.key.thumbprint })
  })

  it('writes one audit event, which names instance, both tokens and audience, and holds no token', async () => {
    const before = service.events.length
    const answer = await service.exchange()
    const { access_token: token } = (await answer.json()) as { access_token: string }
    const events = service.events.slice(before)
    expect(events).toHaveLength(1)
    const { time, duration_ms: _, request_id: id, ...event } = { ...events[0] }
    expect(Object.fromEntries(Object.entries(event).filter(([, it]) => it !== undefined))).toEqual({
      version: 1,
      event: 'exchange',
      outcome: 'issued',
      role: 'node',
      instance_id: DOCUMENT_FIELDS['instance-id'],
      owner_account_id: DOCUMENT_FIELDS['owner-account-id'],
      region_id: DOCUMENT_FIELDS['region-id'],
      image_id: DOCUMENT_FIELDS['image-id'],
      jkt: service.key.thumbprint,
      jti: claimsOf(token)['jti'],
      enrollment_jti: claimsOf(service.token)['jti'],
      audience: VAULT,
    })
    expect(id).toBe(answer.headers.get('X-Request-Id'))
    expect(time).toMatch(/Z$/)
    for (const part of [...token.split('.').slice(1), ...service.token.split('.').slice(1)]) {
      expect(service.events.map(auditLine).join('\n')).not.toContain(part)
    }
  })

  it.each<[string, Exchanging]>([
    ['resource in place of audience', { fields: { audience: undefined, resource: VAULT } }],
    ['requested_token_type jwt', { fields: { requested_token_type: JWT_TYPE } }],
    ['an empty audience beside resource', { fields: { audience: '', resource: VAULT } }],
    ['an empty requested_token_type', { fields: { requested_token_type: '' } }],
    ['parameters that it does not know', { fields: { scope: 'a b', client_id: 'c', x: 'y' } }],
    ['an Authorization header of the subject', { headers: { Authorization: 'DPoP x.y.z' } }],
    ['the credentials of a client', { headers: { Authorization: 'Basic eDp5' } }],
    ['a foreign Host', { headers: { 'X-Forwarded-Host': 'evil.example', Forwarded: 'host=x' } }],
    [
      'a charset',
      { headers: { 'Content-Type': 'Application/X-WWW-Form-URLencoded;charset=UTF-8' } },
    ],
  ])('accepts %s', async (_, changes) => {
    expect((await service.exchange(changes)).status).toBe(200)
  })

  it('answers the type that was asked for', async () => {
    const answer = await service.exchange({ fields: { requested_token_type: ACCESS_TYPE } })
    expect(await answer.json()).toMatchObject({ issued_token_type: ACCESS_TYPE })
  })

  it('accepts a proof with the right ath, and one without', async () => {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(service.token))
    const ath = Buffer.from(digest).toString('base64url')
    expect((await service.exchange({ dpop: service.prove({ ath }) })).status).toBe(200)
    expect((await service.exchange({ dpop: service.prove() })).status).toBe(200)
  })
})

describe('POST /v1/token refuses as invalid_request', () => {
  const parameters = (changes: Readonly<Record<string, string | undefined>>): string => {
    const all = { ...GOOD, subject_token: service.token, ...changes }
    return form(
      Object.fromEntries(
        Object.entries(all).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, value]],
        ),
      ),
    )
  }

  it.each<[string, string, string | undefined, () => string]>([
    ['no body at all', 'field_missing', 'grant_type', () => ''],
    ['no grant_type', 'field_missing', 'grant_type', () => parameters({ grant_type: undefined })],
    ['an empty grant_type', 'field_missing', 'grant_type', () => parameters({ grant_type: '' })],
    [
      'no subject_token',
      'field_missing',
      'subject_token',
      () => parameters({ subject_token: undefined }),
    ],
    [
      'an empty subject_token',
      'field_missing',
      'subject_token',
      () => parameters({ subject_token: '' }),
    ],
    [
      'no subject_token_type',
      'field_missing',
      'subject_token_type',
      () => parameters({ subject_token_type: undefined }),
    ],
    [
      'another subject_token_type',
      'field_malformed',
      'subject_token_type',
      () => parameters({ subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }),
    ],
    [
      'a requested_token_type that is not a JWT',
      'field_malformed',
      'requested_token_type',
      () => parameters({ requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }),
    ],
    [
      'neither audience nor resource',
      'field_missing',
      'audience',
      () => parameters({ audience: undefined }),
    ],
    [
      'both audience and resource',
      'field_repeated',
      'resource',
      () => parameters({ resource: VAULT }),
    ],
    ['two audiences', 'field_repeated', undefined, () => `${parameters({})}&audience=x`],
    [
      'two equal audiences',
      'field_repeated',
      undefined,
      () => `${parameters({})}&audience=${VAULT}`,
    ],
    [
      'an audience and an empty one',
      'field_repeated',
      undefined,
      () => `${parameters({})}&audience=`,
    ],
    [
      'two subject tokens',
      'field_repeated',
      undefined,
      () => `${parameters({})}&subject_token=${service.token}`,
    ],
    ['an unknown parameter twice', 'field_repeated', undefined, () => `${parameters({})}&x=1&x=2`],
    ['a broken escape', 'body_malformed', undefined, () => `${parameters({})}&x=%zz`],
  ])('%s, with the reason %s', async (_, reason, field, body) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', DPoP: service.prove() }
    const init = { method: 'POST', headers, body: body() }
    const answer = await service.request('/v1/token', init)
    const expected = { error: 'invalid_request', reason, ...(field !== undefined && { field }) }
    await expectExchangeRefused(service, answer, expected)
  })

  it('parameters in the address', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', DPoP: service.prove() }
    const init = { method: 'POST', headers, body: parameters({ audience: undefined }) }
    const answer = await service.request(`/v1/token?audience=${VAULT}`, init)
    const expected = { error: 'invalid_request', reason: 'query_not_allowed' }
    await expectExchangeRefused(service, answer, expected)
  })
})

describe('POST /v1/token', () => {
  it.each(['authorization_code', 'client_credentials', 'x'])(
    'refuses the grant_type %s',
    async (grant) => {
      await expectExchangeRefused(
        service,
        await service.exchange({ fields: { grant_type: grant } }),
        { error: 'unsupported_grant_type', reason: 'field_malformed', field: 'grant_type' },
      )
    },
  )

  it.each(['vault', '//vault.test', `${VAULT}#a`, `${VAULT}/a b`, 'https://vault.test/é', '1a:b'])(
    'refuses the resource %s, which is not an absolute URI without a fragment',
    async (resource) => {
      await expectExchangeRefused(
        service,
        await service.exchange({ fields: { audience: undefined, resource } }),
        { error: 'invalid_target', reason: 'field_malformed', field: 'resource' },
      )
    },
  )

  it.each(['application/json', 'multipart/form-data; boundary=x', 'text/plain', ''])(
    'answers 415 to the type %j: OAuth has one form',
    async (type) => {
      const fields = { ...GOOD, subject_token: service.token }
      const body = type === 'application/json' ? JSON.stringify(fields) : form(fields)
      const headers = { 'Content-Type': type, DPoP: service.prove() }
      const answer = await service.request('/v1/token', { method: 'POST', headers, body })
      const expected = expects(415, 'unsupported_media_type', 'content_type')
      const { title } = await expectRefused(service, answer, expected)
      expect(title).toContain('application/x-www-form-urlencoded')
    },
  )

  it('answers 413 to a body that is too large, as a problem', async () => {
    const answer = await service.exchange({ fields: { x: 'x'.repeat(17_000) } })
    await expectRefused(service, answer, expects(413, 'payload_too_large', 'body_too_large'))
  })

  it('answers 405 to GET', async () => {
    const answer = await service.request('/v1/token')
    expect(answer.headers.get('Allow')).toBe('POST')
    expect(await problemOf(answer)).toMatchObject({ status: 405 })
  })

  it.each(['read', 'compareAndSet'] as const)(
    'answers 503 and gives no token while the ledger cannot %s',
    async (method) => {
      let down = false
      const memory = createMemoryLedger(0)
      const ledger: Ledger = {
        ...memory,
        [method]: (...args: never[]) =>
          down
            ? Promise.reject(new LedgerUnavailableError('redis://secret'))
            : (memory[method] as (...all: never[]) => Promise<unknown>)(...args),
      }
      const failing = await createExchangingService({ ledger })
      down = true
      const dpop = failing.prove()
      const answer = await failing.exchange({ dpop })
      expect(await answer.clone().text()).not.toMatch(/eyJ|secret/)
      const expected = expects(503, 'unavailable', 'ledger_unavailable')
      await expectRefused(failing, answer, expected)
      expect(failing.events.at(-1)).toMatchObject({ event: 'exchange', outcome: 'error' })
      down = false
      expect((await failing.exchange({ dpop })).status).toBe(200)
    },
  )

  it('gives no token if the audit event cannot be written', async () => {
    let broken = false
    const audit = (): void => {
      if (broken) throw new Error('disk full')
    }
    const unlogged = await createExchangingService({ audit })
    broken = true
    const answer = await unlogged.exchange()
    expect(await answer.clone().text()).not.toContain('eyJ')
    expect(await problemOf(answer)).toMatchObject({ status: 503 })
  })
})
