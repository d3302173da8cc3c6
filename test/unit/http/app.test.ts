// Every call that the service takes: its fields, answers and headers.

import { beforeAll, describe, expect, it } from 'vitest'
import { ROLE_PATTERN } from '../../../src/policy/policy.ts'
import { FORM, claimsOf, enrolled, expectRefused, toBase64 } from '../../support/http.ts'
import {
  CHALLENGE_LIFETIME,
  ISSUER,
  TOKEN_AUDIENCE,
  type TestService,
  createTestService,
} from '../../support/test-service.ts'
import { documentText, withAudience } from '../../support/test-cloud.ts'

const AUDIENCE = /^[A-Za-z0-9_-]{64}$/

let service: TestService
beforeAll(async () => {
  service = await createTestService()
})

const headersOf = ({ headers }: Response, ...names: readonly string[]): (string | null)[] =>
  names.map((name) => headers.get(name))

describe('POST /v1/challenge', () => {
  it('answers a challenge and its life', async () => {
    const response = await service.post('/v1/challenge', {})
    expect(response.status).toBe(200)
    expect(headersOf(response, 'Content-Type', 'Cache-Control')).toEqual([
      'application/json',
      'no-store',
    ])
    const text = await response.text()
    expect(JSON.parse(text)).toEqual({
      audience: expect.stringMatching(AUDIENCE),
      expires_in: CHALLENGE_LIFETIME,
    })
    expect(text.endsWith('}')).toBe(true)
  })

  it('answers the challenge alone where text/plain is accepted, without a line end', async () => {
    const response = await service.post('/v1/challenge', {}, { Accept: 'text/plain' })
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toMatch(new RegExp(`${AUDIENCE.source}(?![^])`))
  })

  it.each(['*/*', 'application/json', 'application/json, text/plain;q=0.5', 'text/html', ''])(
    'answers JSON where %j is accepted',
    async (accept) => {
      const response = await service.post('/v1/challenge', {}, { Accept: accept })
      expect(response.headers.get('Content-Type')).toBe('application/json')
    },
  )

  it('takes a request without a body and without a content type', async () => {
    const response = await service.request('/v1/challenge', { method: 'POST' })
    expect(response.status).toBe(200)
  })

  it.each([
    ['an empty form', FORM['Content-Type'], ''],
    ['a form', FORM['Content-Type'], 'role=worker'],
    ['an empty JSON object', 'application/json', '{}'],
    ['JSON', 'application/json', '{"role":"worker"}'],
    ['JSON, with its charset', 'application/json; charset=utf-8', '{"role":"worker"}'],
    ['JSON, with its charset quoted', 'Application/JSON;Charset="UTF-8"', '{"role":"worker"}'],
  ])('takes %s', async (_name, type, body) => {
    const headers = { 'Content-Type': type }
    const response = await service.request('/v1/challenge', { method: 'POST', headers, body })
    expect(response.status).toBe(200)
  })

  it('makes another challenge each time', async () => {
    const challenges = await Promise.all(Array.from({ length: 20 }, () => service.challenge()))
    expect(new Set(challenges).size).toBe(20)
  })

  it.each(['Worker', '1worker', 'w_rker', 'worker\n', 'w'.repeat(64), '*'])(
    'refuses the role %j, which no role can have',
    async (role) => {
      expect(ROLE_PATTERN.test(role)).toBe(false)
      const response = await service.post('/v1/challenge', { role })
      await expectRefused(service, response, {
        status: 400,
        code: 'invalid_request',
        reason: 'field_malformed',
        field: 'role',
      })
    },
  )
})

describe('POST /v1/enroll', () => {
  it('answers a token and what it is', async () => {
    const response = await service.post('/v1/enroll', await service.evidence())
    expect(response.status).toBe(200)
    expect(headersOf(response, 'Content-Type', 'Cache-Control')).toEqual([
      'application/json',
      'no-store',
    ])
    const text = await response.text()
    const answer = JSON.parse(text) as Record<string, unknown>
    expect(answer).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 300,
      issued_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      role: 'worker',
      renewable: true,
    })
    expect(text.endsWith('}')).toBe(true)
    expect(claimsOf(String(answer['access_token']))).toMatchObject({
      iss: ISSUER,
      aud: [TOKEN_AUDIENCE, 'https://other.example'],
      role: 'worker',
      iat: service.now,
      exp: service.now + 300,
    })
  })

  it('answers the token alone where application/jwt is accepted, without a line end', async () => {
    const headers = { Accept: 'application/jwt' }
    const response = await service.post('/v1/enroll', await service.evidence(), headers)
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('application/jwt')
    const token = await response.text()
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+(?![^])/)
    expect(claimsOf(token)).toMatchObject({ iss: ISSUER })
  })

  it('takes the role that the challenge was made for', async () => {
    const evidence = await service.evidence({ role: 'worker' })
    const answer = await enrolled(await service.post('/v1/enroll', { ...evidence, role: 'worker' }))
    expect(answer['role']).toBe('worker')
  })

  it('takes one of the role’s audiences as resource, which is then the only one', async () => {
    const fields = { ...(await service.evidence()), resource: TOKEN_AUDIENCE }
    const answer = await enrolled(await service.post('/v1/enroll', fields))
    expect(claimsOf(String(answer['access_token']))['aud']).toEqual([TOKEN_AUDIENCE])
  })

  it('refuses a resource that the role does not have as an audience', async () => {
    const fields = { ...(await service.evidence()), resource: 'https://strange.example' }
    await expectRefused(service, await service.post('/v1/enroll', fields), {
      status: 403,
      code: 'not_admitted',
      reason: 'resource_not_allowed',
    })
  })

  it('takes detached content with the audience beside it, and not without', async () => {
    const challenge = await service.challenge()
    const document = documentText()
    const content = withAudience(document, challenge)
    const pkcs7 = toBase64(service.cloud.sign(content, { detached: true }))
    await expectRefused(service, await service.post('/v1/enroll', { document, pkcs7 }), {
      status: 401,
      code: 'invalid_evidence',
      reason: 'signature_invalid',
    })
    const fields = { document, pkcs7, audience: challenge }
    await enrolled(await service.post('/v1/enroll', fields))
  })

  it('refuses an audience that is not the one that was signed', async () => {
    const evidence = await service.evidence()
    const audience = await service.challenge()
    await expectRefused(service, await service.post('/v1/enroll', { ...evidence, audience }), {
      status: 401,
      code: 'invalid_evidence',
      reason: 'audience_mismatch',
    })
    await enrolled(await service.post('/v1/enroll', evidence))
  })

  it('names itself and the scheme in the answer to bad evidence', async () => {
    const { document, pkcs7 } = await service.evidence()
    const fields = { document: document.replace('i-bp13', 'i-bp14'), pkcs7 }
    const response = await service.post('/v1/enroll', fields)
    expect(response.headers.get('WWW-Authenticate')).toBe(`InstanceIdentity realm="${ISSUER}"`)
    await expectRefused(service, response, {
      status: 401,
      code: 'invalid_evidence',
      reason: 'document_mismatch',
    })
  })

  it('answers a retry with the same jti, iat and exp, and with what is left of its life', async () => {
    const evidence = await service.evidence()
    const first = await enrolled(await service.post('/v1/enroll', evidence))
    service.now += 7
    const second = await enrolled(await service.post('/v1/enroll', evidence))
    expect(second['expires_in']).toBe(293)
    const identity = ({ jti, iat, exp }: Record<string, unknown>) => ({ jti, iat, exp })
    const claims = [first, second].map((answer) => claimsOf(String(answer['access_token'])))
    expect(identity(claims[1] ?? {})).toEqual(identity(claims[0] ?? {}))
    expect(service.events.slice(-2).map(({ retry }) => retry)).toEqual([false, true])
  })

  it.each(['document', 'pkcs7'])('refuses a request without %s', async (missing) => {
    const { [missing]: _, ...fields } = (await service.evidence()) as Record<string, string>
    await expectRefused(service, await service.post('/v1/enroll', fields), {
      status: 400,
      code: 'invalid_request',
      reason: 'field_missing',
      field: missing,
    })
  })
})

describe('GET', () => {
  it('/.well-known/openid-configuration answers the discovery document', async () => {
    const response = await service.request('/.well-known/openid-configuration')
    expect(response.status).toBe(200)
    expect(headersOf(response, 'Content-Type', 'Cache-Control')).toEqual([
      'application/json',
      'public, max-age=300',
    ])
    expect(await response.json()).toMatchObject({
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      acr_values_supported: ['urn:rollcall:freshness:challenge'],
      claims_supported: expect.arrayContaining(['iss', 'sub', 'aud', 'exp', 'ecs']),
    })
  })

  it('/.well-known/jwks.json answers the public keys', async () => {
    const response = await service.request('/.well-known/jwks.json')
    expect(headersOf(response, 'Content-Type', 'Cache-Control')).toEqual([
      'application/json',
      'public, max-age=300',
    ])
    const { keys } = (await response.json()) as { keys: Record<string, unknown>[] }
    expect(keys.map((key) => Object.keys(key).toSorted())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    ])
  })

  it('/healthz answers that the service is alive', async () => {
    const response = await service.request('/healthz')
    expect([response.status, response.headers.get('Cache-Control')]).toEqual([200, 'no-store'])
    expect(await response.json()).toEqual({ status: 'ok' })
  })

  it.each(['/healthz', '/openapi.json', '/.well-known/jwks.json'])(
    '%s answers HEAD too, without a body',
    async (path) => {
      const [get, head] = [
        await service.request(path),
        await service.request(path, { method: 'HEAD' }),
      ]
      expect([head.status, await head.text()]).toEqual([200, ''])
      const names = ['Content-Type', 'Cache-Control', 'X-Content-Type-Options']
      expect(headersOf(head, ...names)).toEqual(headersOf(get, ...names))
    },
  )
})
