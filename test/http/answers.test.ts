// Every call's answer: status, headers, body; and the forms in which the same evidence may come.

import { Validator } from '@seriousme/openapi-schema-validator'
import * as v from 'valibot'
import { beforeAll, describe, expect, it } from 'vitest'
import { openApiDocument } from '../../src/http/openapi.ts'
import { REQUEST_SCHEMAS } from '../../src/http/schemas.ts'
import { ISSUER, LIFETIME_SECONDS, ROLE, claimsOf } from '../support/enrollment.ts'
import { type HttpScene, problemOf, setHttpScene } from './support.ts'

let scene: HttpScene
beforeAll(async () => {
  scene = await setHttpScene()
})

describe('POST /v1/challenge', () => {
  it.each([
    ['nothing', {}],
    ['an empty form', { body: new URLSearchParams() }],
    ['a form', { body: new URLSearchParams({ role: ROLE }) }],
    ['JSON', { body: `{"role":"${ROLE}"}`, headers: { 'Content-Type': 'application/json' } }],
    ['empty JSON', { body: '{}', headers: { 'Content-Type': 'application/json; charset=UTF-8' } }],
  ])('takes %s and answers JSON', async (_, init) => {
    const response = await scene.request('/v1/challenge', { method: 'POST', ...init })
    expect(response.status).toBe(200)
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(await response.json()).toEqual({
      audience: expect.stringMatching(/^[0-9a-f]{32}[A-Za-z0-9_-]{32}$/),
      expires_in: LIFETIME_SECONDS,
    })
  })

  it('answers the audience alone where text is asked for, without a line end', async () => {
    const headers = { Accept: 'text/plain' }
    const response = await scene.request('/v1/challenge', { method: 'POST', headers })
    expect(response.headers.get('Content-Type')).toMatch(/^text\/plain/)
    expect(await response.text()).toMatch(/^[A-Za-z0-9_-]{64}$/)
  })
})

describe('POST /v1/enroll', () => {
  it('answers JSON with the token and what it is', async () => {
    const fields = { ...scene.evidence(await scene.challenge(ROLE)), role: ROLE }
    const response = await scene.postForm('/v1/enroll', fields)
    expect(response.status).toBe(200)
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(await response.json()).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 300,
      issued_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      role: ROLE,
    })
  })

  it('answers the token alone where a JWT is asked for, without a line end', async () => {
    const fields = scene.evidence(await scene.challenge())
    const headers = { Accept: 'application/jwt' }
    const response = await scene.postForm('/v1/enroll', fields, { headers })
    expect(response.headers.get('Content-Type')).toBe('application/jwt')
    expect(await response.text()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
  })

  it('audits an enrollment with who, as what and under which trust anchor', async () => {
    const fields = scene.evidence(await scene.challenge())
    const headers = { 'X-Request-Id': 'boot-7.a_B' }
    const response = await scene.postForm('/v1/enroll', fields, { headers })
    const { access_token: token } = (await response.json()) as { access_token: string }
    expect(response.headers.get('X-Request-Id')).toBe('boot-7.a_B')
    expect(scene.events.at(-1)).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      event: 'enroll',
      request_id: 'boot-7.a_B',
      outcome: 'issued',
      role: ROLE,
      instance_id: 'i-bp13znx0m0me8cqabcde',
      owner_account_id: '1609123456789012',
      region_id: 'cn-hangzhou',
      jti: claimsOf(token)['jti'],
      retry: false,
      trust_anchor: scene.options.trustAnchors[0]?.fingerprint,
      duration_ms: expect.any(Number),
    })
  })

  it('answers 401 with the scheme and the realm', async () => {
    const fields = { ...scene.evidence('nonce') }
    const response = await scene.postForm('/v1/enroll', fields)
    expect(response.headers.get('WWW-Authenticate')).toBe(`InstanceIdentity realm="${ISSUER}"`)
    expect(await problemOf(response)).toEqual({
      type: 'about:blank',
      title: expect.any(String),
      status: 401,
      code: 'invalid_evidence',
      request_id: response.headers.get('X-Request-Id'),
    })
  })

  const wrap = (text: string, width: number, end: string): string =>
    (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).map((line) => line + end).join('')
  const armour = (label: string) => (text: string) =>
    `-----BEGIN ${label}-----\n${wrap(text, 64, '\n')}-----END ${label}-----\n`
  const encodings: [string, (text: string) => string][] = [
    ['bare', (text) => text],
    ['wrapped at 64', (text) => wrap(text, 64, '\n')],
    ['wrapped at 76', (text) => wrap(text, 76, '\n')],
    ['wrapped with CRLF', (text) => wrap(text, 76, '\r\n')],
    ['PEM labelled PKCS7', armour('PKCS7')],
    ['PEM labelled CMS', armour('CMS')],
    ['PEM labelled CERTIFICATE', armour('CERTIFICATE')],
  ]
  const bodies: [string, (fields: Record<string, string>) => RequestInit][] = [
    [
      'JSON',
      (fields) => ({
        body: JSON.stringify(fields),
        headers: { 'Content-Type': 'application/json' },
      }),
    ],
    ['a form', (fields) => ({ body: new URLSearchParams(fields) })],
    [
      'multipart',
      (fields) => {
        const body = new FormData()
        for (const [name, value] of Object.entries(fields)) body.append(name, value)
        return { body }
      },
    ],
    [
      'multipart with files',
      (fields) => {
        const body = new FormData()
        for (const [name, value] of Object.entries(fields))
          body.append(name, new Blob([value]), name)
        return { body }
      },
    ],
  ]
  it('gives the same answer to the same evidence in every body and every encoding', async () => {
    const { document, pkcs7 } = scene.evidence(await scene.challenge())
    const seen = new Set<string>()
    for (const [, encode] of encodings) {
      for (const [, body] of bodies) {
        for (const end of ['', '\n', '\r\n']) {
          const init = body({ document: document + end, pkcs7: encode(pkcs7) })
          const response = await scene.request('/v1/enroll', { method: 'POST', ...init })
          expect(response.status).toBe(200)
          const { access_token: token } = (await response.json()) as { access_token: string }
          seen.add(JSON.stringify(claimsOf(token)))
        }
      }
    }
    expect(seen.size).toBe(1)
  })
})

describe('the other calls', () => {
  it('publish the issuer and its keys, to be cached for five minutes', async () => {
    const discovery = await scene.request('/.well-known/openid-configuration')
    expect(discovery.headers.get('Cache-Control')).toBe('public, max-age=300')
    const document = (await discovery.json()) as Record<string, unknown>
    expect(document).toMatchObject({
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      acr_values_supported: ['urn:rollcall:freshness:challenge'],
    })
    const jwks = await scene.request('/.well-known/jwks.json')
    expect(jwks.headers.get('Cache-Control')).toBe('public, max-age=300')
    const { keys } = (await jwks.json()) as { keys: object[] }
    expect(keys.map((key) => Object.keys(key).toSorted())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    ])
  })

  it.each(['/healthz', '/openapi.json', '/bootstrap.sh'])(
    'answer HEAD and GET of %s',
    async (path) => {
      expect((await scene.request(path)).status).toBe(200)
      expect((await scene.request(path, { method: 'HEAD' })).status).toBe(200)
    },
  )

  it('serve bootstrap.sh as a script that is not sniffed', async () => {
    const { headers } = await scene.request(`/bootstrap.sh?role=${ROLE}`)
    expect(headers.get('Content-Type')).toMatch(/^text\/x-shellscript/)
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
  })

  it.each(['?role=Worker', "?role='$(id)'", '?role=', '?role=a&role=b', '?x=y'])(
    'refuse bootstrap.sh%s',
    async (query) => {
      const problem = await problemOf(await scene.request(`/bootstrap.sh${query}`))
      expect(problem).toMatchObject({ status: 400, code: 'invalid_request' })
    },
  )

  it.each([
    ['/v1/enroll', 'GET', 'POST'],
    ['/v1/challenge', 'PUT', 'POST'],
    ['/healthz', 'POST', 'GET, HEAD'],
    ['/.well-known/jwks.json', 'DELETE', 'GET, HEAD'],
  ])('refuse %s by %s', async (path, method, allow) => {
    const response = await scene.request(path, { method })
    expect(response.headers.get('Allow')).toBe(allow)
    expect(await problemOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' })
  })

  it.each(['/', '/v1', '/v1/enroll/x', '/.env', '/v1/admin/instances'])(
    'have nothing at %s',
    async (path) => {
      expect(await problemOf(await scene.request(path))).toMatchObject({
        status: 404,
        code: 'not_found',
      })
    },
  )

  it.each(['a b', 'x'.repeat(65), '', 'é'])(
    'make a request id where the caller’s is %j',
    async (id) => {
      const headers = { 'X-Request-Id': encodeURI(id) === id ? id : encodeURI(id) }
      const response = await scene.request('/healthz', { headers })
      expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
    },
  )
})

describe('openApiDocument()', () => {
  it('is a valid OpenAPI 3.1 document that describes every path', async () => {
    const document = openApiDocument(ISSUER)
    const result = await new Validator().validate(structuredClone(document))
    expect(result).toMatchObject({ valid: true })
    const paths = new Set(scene.app.routes.map(({ path }) => path).filter((path) => path !== '/*'))
    expect(new Set(Object.keys(document['paths'] as object))).toEqual(paths)
  })

  it('shows a field that is added to a request schema', () => {
    const { EnrollRequest } = REQUEST_SCHEMAS
    const entries = { ...EnrollRequest.entries, colour: v.optional(v.string()) }
    const schemas = { ...REQUEST_SCHEMAS, EnrollRequest: v.strictObject(entries) }
    expect(JSON.stringify(openApiDocument(ISSUER))).not.toContain('colour')
    const document = openApiDocument(ISSUER, schemas)
    expect(document).toHaveProperty('components.schemas.EnrollRequest.properties.colour')
  })

  it('requires the fields that requests require', () => {
    const document = openApiDocument(ISSUER)
    expect(document).toHaveProperty('components.schemas.EnrollRequest.required', [
      'document',
      'pkcs7',
    ])
  })
})
