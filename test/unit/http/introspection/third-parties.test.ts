// Introspection by relying parties that know nothing but discovery: one made of oauth4webapi, one by hand with
// jsonwebtoken and node:crypto.

import { type KeyObject, createPrivateKey } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import * as oauth from 'oauth4webapi'
import { beforeAll, describe, expect, it } from 'vitest'
import { claimsOf, form } from '../../../support/http.ts'
import { VAULT } from '../../../support/exchanging.ts'
import {
  type IntrospectingService,
  createIntrospectingService,
  makeRelyingParties,
} from '../../../support/introspecting.ts'
import { type Algorithm, makeKey } from '../../../cases/state/independent-jws.ts'
import { ISSUER } from '../../../support/test-service.ts'

/** How each algorithm's key is imported. */
const ALGORITHMS: Readonly<Record<Algorithm, Parameters<typeof crypto.subtle.importKey>[2]>> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
}

let service: IntrospectingService
let server: oauth.AuthorizationServer
let token: string
/** Sends what the library sends to the service of this test. */
const options = (): { [oauth.customFetch]: (url: string, init: object) => Promise<Response> } => ({
  [oauth.customFetch]: (url, init) => service.fetch(new Request(url, init as RequestInit)),
})

beforeAll(async () => {
  service = await createIntrospectingService({ operators: false })
  // The library reads the machine's clock.
  service.now = Math.floor(Date.now() / 1000)
  const issuer = new URL(ISSUER)
  const answer = await oauth.discoveryRequest(issuer, { ...options(), algorithm: 'oauth2' })
  server = await oauth.processDiscoveryResponse(issuer, answer)
  token = await service.child(VAULT)
})

/** Asks by oauth4webapi. */
const askByLibrary = async (
  shown: string,
  { key, name }: IntrospectingService['parties']['vault'],
  target = service,
): Promise<oauth.IntrospectionResponse> => {
  const privateKey = await crypto.subtle.importKey(
    'jwk',
    key.privateKey.export({ format: 'jwk' }) as JsonWebKey,
    ALGORITHMS[key.alg],
    false,
    ['sign'],
  )
  const client = { client_id: name }
  const authentication = oauth.PrivateKeyJwt({ key: privateKey, kid: key.thumbprint })
  const answer = await oauth.introspectionRequest(server, client, authentication, shown, {
    [oauth.customFetch]: (url, init) => target.fetch(new Request(url, init as RequestInit)),
  })
  return oauth.processIntrospectionResponse(server, client, answer)
}

/** Asks with a JWT by jsonwebtoken. */
const askByHand = async (
  shown: string,
  key: KeyObject,
  signing: jsonwebtoken.SignOptions,
): Promise<readonly [number, Readonly<Record<string, unknown>>]> => {
  const assertion = jsonwebtoken.sign({}, key, {
    algorithm: 'ES256',
    issuer: 'vault',
    subject: 'vault',
    audience: ISSUER,
    expiresIn: 60,
    jwtid: crypto.randomUUID(),
    keyid: service.parties.vault.key.thumbprint,
    ...signing,
  })
  const answer = await service.request(String(server.introspection_endpoint).slice(ISSUER.length), {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: form({
      token: shown,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }),
  })
  return [answer.status, (await answer.json()) as Record<string, unknown>]
}

describe('oauth4webapi', () => {
  it('finds the endpoint and how to authenticate there', () => {
    expect(server).toMatchObject({
      introspection_endpoint: `${ISSUER}/v1/introspect`,
      introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
    })
  })

  it('learns of a token of its audience, and nothing of another one', async () => {
    const { vault, plain } = service.parties
    expect(await askByLibrary(token, vault)).toEqual({
      active: true,
      token_type: 'Bearer',
      ...claimsOf(token),
    })
    expect(await askByLibrary(token, plain)).toEqual({ active: false })
    expect(await askByLibrary('x', vault)).toEqual({ active: false })
  })

  it.each(['ES256', 'RS256', 'EdDSA'] as const)('asks with a key of %s', async (alg) => {
    const { parties } = await makeRelyingParties({ vault: [VAULT] })
    const key = await makeKey(alg)
    const party = { ...parties['vault'], key } as IntrospectingService['parties']['vault']
    const jwks = { keys: [{ ...key.jwk, name: 'vault', audiences: [VAULT] }] }
    const own = await createIntrospectingService({
      variables: { ROLLCALL_RELYING_PARTY_KEYS: JSON.stringify(jwks) },
    })
    expect(await askByLibrary(await own.child(VAULT), party, own)).toMatchObject({ active: true })
  })

  it('reads the refusal of a key that the service does not know', async () => {
    const stranger = { ...service.parties.vault, key: await makeKey() }
    await expect(askByLibrary(token, stranger)).rejects.toMatchObject({ status: 401 })
  })
})

describe('jsonwebtoken and node:crypto', () => {
  const keyOf = ({ parties }: IntrospectingService): KeyObject =>
    createPrivateKey({
      key: parties.vault.key.privateKey.export({ format: 'pem', type: 'pkcs8' }),
    })

  it('learns of a token of its audience', async () => {
    const [status, body] = await askByHand(token, keyOf(service), {})
    expect([status, body]).toEqual([
      200,
      { active: true, token_type: 'Bearer', ...claimsOf(token) },
    ])
  })

  it.each<[string, jsonwebtoken.SignOptions]>([
    ['a life of 61 seconds', { expiresIn: 61 }],
    ['the address of the call as aud', { audience: `${ISSUER}/v1/introspect` }],
    ['a list of one as aud', { audience: [ISSUER] }],
    ['another name', { issuer: 'plain', subject: 'plain' }],
    ['no name of a key', { keyid: 'vault' }],
    ['the typ of an access token', { header: { alg: 'ES256', typ: 'at+jwt' } }],
  ])('is refused with %s', async (_, signing) => {
    const [status, body] = await askByHand(token, keyOf(service), signing)
    expect([status, body['error']]).toEqual([401, 'invalid_client'])
    expect(body).not.toHaveProperty('active')
  })
})
