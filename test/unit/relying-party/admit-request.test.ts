// Requests by their headers: what is read as a token and a proof, and what a caller that is not admitted is answered.

import { createHash, randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { type ShownRequest, admitRequest } from '../../../src/relying-party/admit-request.ts'
import { fromNodeRequest } from '../../../src/relying-party/node-request.ts'
import type { TokenVerifierOptions } from '../../../src/relying-party/options.ts'
import { requireEnrollment } from '../../../src/relying-party/require-enrollment.ts'
import { type TokenVerifier, createTokenVerifier } from '../../../src/relying-party/verifier.ts'
import { type TestIssuer, createTestIssuer } from '../../cases/relying-party/test-issuer.ts'
import { type TestKey, makeKey } from '../../cases/state/independent-jws.ts'
import { makeProof } from '../../cases/state/proofs.ts'
import { BAD_TOKENS, BAD_TOKEN_NAMES } from '../../support/bad-tokens.ts'
import { ISSUER, TOKEN_AUDIENCE } from '../../support/test-service.ts'

const APP = 'https://app.example'

let issuer: TestIssuer
let key: TestKey
beforeAll(async () => {
  issuer = await createTestIssuer()
  key = await makeKey()
})

const verifierOf = (more: Partial<TokenVerifierOptions> = {}): TokenVerifier =>
  createTokenVerifier({
    issuer: ISSUER,
    audience: TOKEN_AUDIENCE,
    roles: ['worker'],
    fetch: issuer.fetch,
    ...more,
  })
const proving = (bound: 'require' | 'allow'): TokenVerifier =>
  verifierOf({ bound, proofs: createMemoryLedger(0), publicUrl: APP })

const boundToken = (): string => issuer.token({ cnf: { jkt: key.thumbprint } })
const prove = (token: string, path: string): string =>
  makeProof(key, ISSUER, 'unused', {
    claims: {
      jti: randomUUID(),
      htm: 'GET',
      htu: `${APP}${path}`,
      iat: issuer.now,
      ath: createHash('sha256').update(token).digest('base64url'),
      nonce: undefined,
    },
  })

const request = (headers: HeadersInit, url = `${APP}/nodes?x=1#y`): Request =>
  new Request(url, { headers })
const admit = (shown: ShownRequest, verifier = verifierOf()) => admitRequest(shown, { verifier })
const codeOf = async (shown: ShownRequest, verifier?: TokenVerifier): Promise<string> => {
  const admission = await admit(shown, verifier)
  return admission.admitted ? 'good' : admission.error.code
}
const bearer = (token = issuer.goodToken()): Record<string, string> => ({
  Authorization: `Bearer ${token}`,
})

describe('admitRequest()', () => {
  it('gives the claims of a good token', async () => {
    const admission = await admit(request(bearer()))
    expect(admission).toMatchObject({ admitted: true, enrollment: { role: 'worker' } })
  })

  it.each(['bearer', 'BEARER', 'Bearer  '])('reads the scheme %j', async (scheme) => {
    const headers = { Authorization: `${scheme} ${issuer.goodToken()}` }
    expect(await codeOf(request(headers))).toBe('good')
  })

  it.each<[string, string, () => HeadersInit]>([
    ['token_missing', 'without a token', () => ({})],
    ['authorization_malformed', 'with an empty header', () => ({ Authorization: '' })],
    ['authorization_malformed', 'with a scheme alone', () => ({ Authorization: 'Bearer' })],
    ['authorization_malformed', 'with another scheme', () => ({ Authorization: 'Basic eDp5' })],
    [
      'authorization_malformed',
      'with a token alone',
      () => ({ Authorization: issuer.goodToken() }),
    ],
    [
      'authorization_malformed',
      'with something behind the token',
      () => ({ Authorization: `Bearer ${issuer.goodToken()} x` }),
    ],
    [
      'authorization_malformed',
      'with two Authorization headers',
      () => [
        ['Authorization', `Bearer ${issuer.goodToken()}`],
        ['Authorization', `Bearer ${issuer.goodToken()}`],
      ],
    ],
    [
      'authorization_malformed',
      'with a proof beside a bearer token',
      () => ({ ...bearer(), DPoP: 'x.y.z' }),
    ],
    [
      'authorization_malformed',
      'with the scheme DPoP and no proof',
      () => ({ Authorization: `DPoP ${issuer.goodToken()}` }),
    ],
  ])('refuses as %s a request %s', async (code, _, headers) => {
    expect(await codeOf(request(headers()))).toBe(code)
  })

  it('answers 401, 403 or 503, with a challenge, and no more than the class of the reason', async () => {
    for (const [name, token] of issuer.badTokens()) {
      const admission = await admit(request(bearer(token)))
      if (admission.admitted) throw new Error(`${name} was admitted`)
      const { error, response } = admission
      const { library, authorize } = BAD_TOKENS[name]
      expect([name, error.code, response.status]).toEqual([name, library, authorize])
      expect(response.headers.get('Cache-Control')).toBe('no-store')
      const challenge = authorize === 401 ? 'Bearer error="invalid_token"' : null
      expect(response.headers.get('WWW-Authenticate')).toBe(challenge)
      const [title, code] =
        authorize === 401 ? ['Unauthorized', 'invalid_token'] : ['Forbidden', 'not_admitted']
      expect(await response.json()).toEqual({ type: 'about:blank', title, status: authorize, code })
      expect(`${error.message} ${String(error.stack)}`).not.toContain(token.slice(-20))
    }
  })

  it.each([
    ['refuse', 'Bearer'],
    ['require', 'DPoP algs="ES256 RS256 EdDSA Ed25519"'],
    ['allow', 'Bearer, DPoP algs="ES256 RS256 EdDSA Ed25519"'],
  ] as const)('with %s asks a request without a token for %s', async (bound, challenge) => {
    const verifier = bound === 'refuse' ? verifierOf() : proving(bound)
    const admission = await admit(request({}), verifier)
    if (admission.admitted) throw new Error('admitted')
    expect(admission.response.status).toBe(401)
    expect(admission.response.headers.get('WWW-Authenticate')).toBe(challenge)
  })

  it('admits a bound token with its proof, for the path without its query, once', async () => {
    const [token, verifier] = [boundToken(), proving('require')]
    const headers = { Authorization: `DPoP ${token}`, DPoP: prove(token, '/nodes') }
    expect(await codeOf(request(headers), verifier)).toBe('good')
    const again = await admit(request(headers), verifier)
    if (again.admitted) throw new Error('admitted')
    expect(again.error.code).toBe('dpop_replayed')
    expect(again.response.headers.get('WWW-Authenticate')).toBe(
      'DPoP algs="ES256 RS256 EdDSA Ed25519", error="invalid_dpop_proof"',
    )
  })

  it('refuses a bound token by the scheme Bearer, and two proofs', async () => {
    const [token, verifier] = [boundToken(), proving('allow')]
    expect(await codeOf(request(bearer(token)), verifier)).toBe('proof_missing')
    const proofs = [prove(token, '/nodes'), prove(token, '/nodes')].join(', ')
    const headers = { Authorization: `DPoP ${token}`, DPoP: proofs }
    expect(await codeOf(request(headers), verifier)).toBe('dpop_malformed')
  })

  it.each([
    ['/a%2Fb/../c', '/a%2Fb/../c'],
    ['/a?b#c', '/a'],
    ['/a#c?b', '/a'],
    ['/', '/'],
    ['', '/'],
    ['http://evil.test/a?b', '/a'],
    ['https://app.example', '/'],
    ['//evil.test/a', '//evil.test/a'],
    // Targets that would make another host of ours: a hostile relying party was shown the proof for its own.
    ['*', '*'],
    ['.evil.test/a', '.evil.test/a'],
    [':444/a', ':444/a'],
  ])('takes the path of %j for %j, byte for byte', async (url, path) => {
    const token = boundToken()
    const headers = new Headers({ Authorization: `DPoP ${token}`, DPoP: prove(token, path) })
    const shown = { method: 'GET', url, headers }
    const isUri = path.startsWith('/')
    expect(await codeOf(shown, proving('require'))).toBe(isUri ? 'good' : 'dpop_uri_mismatch')
  })

  it('answers 503 while the keys are not available', async () => {
    const verifier = verifierOf({ fetch: () => Promise.reject(new TypeError('down')) })
    const admission = await admit(request(bearer()), verifier)
    if (admission.admitted) throw new Error('admitted')
    expect(admission.response.status).toBe(503)
    expect(admission.response.headers.get('Retry-After')).toBe('5')
    expect(await admission.response.json()).toMatchObject({ code: 'unavailable' })
  })

  it('passes on what is not about the token', async () => {
    const verifier = { ...verifierOf(), verify: () => Promise.reject(new TypeError('a bug')) }
    await expect(admit(request(bearer()), verifier)).rejects.toThrow('a bug')
  })
})

describe('fromNodeRequest()', () => {
  const shown = (rawHeaders: string[], more: object = {}): ShownRequest =>
    fromNodeRequest({ method: 'GET', url: '/nodes', rawHeaders, ...more })

  it('finds a header in any case, and joins two of one name, which Node would hide', () => {
    const { headers } = shown(['AUTHORIZATION', 'a', 'authorization', 'b', 'X', 'Authorization'])
    expect(headers.get('Authorization')).toBe('a, b')
    expect(headers.get('DPoP')).toBeNull()
  })

  it('takes the address as the caller sent it, also in a router of Express', () => {
    const { url } = shown([], { url: '/me', originalUrl: '/nodes/me?x' })
    expect(url).toBe('/nodes/me?x')
  })

  it('is admitted as a request of the platform is', async () => {
    expect(await codeOf(shown(['authorization', `Bearer ${issuer.goodToken()}`]))).toBe('good')
    expect(await codeOf(shown([]))).toBe('token_missing')
  })
})

describe('requireEnrollment()', () => {
  it('lets admitted requests through with their claims, and tells of each refusal', async () => {
    const refusals: string[] = []
    const onRefusal = ({ code }: { code: string }): void => void refusals.push(code)
    const app = new Hono()
      .use('/nodes/*', requireEnrollment({ verifier: verifierOf(), onRefusal }))
      .get('/nodes/me', (context) => context.text(context.var.enrollment.role))
      .get('/open', (context) => context.text('open'))
    const good = await app.request('/nodes/me', { headers: bearer() })
    expect([good.status, await good.text()]).toEqual([200, 'worker'])
    for (const [name, token] of issuer.badTokens()) {
      const { status } = await app.request('/nodes/me', { headers: bearer(token) })
      expect([name, status]).toEqual([name, BAD_TOKENS[name].authorize])
    }
    expect(refusals).toHaveLength(BAD_TOKEN_NAMES.length)
    expect((await app.request('/nodes/me')).status).toBe(401)
    expect((await app.request('/open')).status).toBe(200)
  })
})
