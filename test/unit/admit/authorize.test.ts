// Authorization of a request that came to a proxy: which credentials and demands go together, and each reason to
// refuse. What is refused before the proof is used up leaves the proof usable.

import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type AuthorizationReason,
  type Credentials,
  type Demands,
  type RefusedAuthorization,
  authorize,
} from '../../../src/admit/authorize.ts'
import type { TrustedProxy } from '../../../src/admit/proxies.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { readIdentityDocument } from '../../../src/codec/identity-document.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { type Role, parsePolicy } from '../../../src/policy/policy.ts'
import { ban } from '../../../src/registry/bans.ts'
import {
  encodeRecords,
  instanceKey,
  unknownInstance,
} from '../../../src/registry/instance-record.ts'
import { revokeToken } from '../../../src/registry/revocation.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { issueToken } from '../../../src/token/issue.ts'
import { type SigningKeys, parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { type TestKey, makeKey } from '../../cases/state/independent-jws.ts'
import { makeProof } from '../../cases/state/proofs.ts'
import { ISSUER } from '../../support/test-enroller.ts'
import { documentText } from '../../support/test-cloud.ts'

const NOW = 1_800_000_000
const AUDIENCE = 'https://app.test'
const ORIGIN = 'https://app.test'
const SECRET = 'the secret of app'
const IDENTITY = { ...readIdentityDocument(utf8(documentText())), trustAnchor: 'a', digest: 'd' }

const proxyOf = (name: string, more: Partial<TrustedProxy> = {}): TrustedProxy => ({
  name,
  origin: ORIGIN,
  secretSha256: createHash('sha256').update(`the secret of ${name}`).digest('hex'),
  audiences: [AUDIENCE],
  ...more,
})
const PROXIES = [
  proxyOf('app'),
  proxyOf('shop', { origin: 'https://shop.test' }),
  proxyOf('wiki', { audiences: ['https://wiki.test'] }),
]

let keys: SigningKeys
let key: TestKey
let other: TestKey
let role: Role
/** One token each for all tests: signatures of ES256 differ, and a proof is of one token. */
let bound: string
let unbound: string
beforeAll(async () => {
  keys = await parseSigningKeys(await generateSigningKeys('ES256'))
  ;[key, other] = [await makeKey(), await makeKey()]
  const { roles } = parsePolicy({
    roles: {
      node: {
        match: { owner_account_id: [IDENTITY.ownerAccountId] },
        token: { audience: [AUDIENCE], lifetime_seconds: 3600 },
        reenrollment: 'always',
      },
    },
  })
  role = roles[0] as Role
  ;[bound, unbound] = [await tokenOf(), await tokenOf({ jkt: undefined })]
})

/** A token, bound to `key` unless the changes say otherwise. */
const tokenOf = (
  changes: { issuedAt?: number; jkt?: string | undefined; issuer?: string } = {},
): Promise<string> => {
  const content = { issuer: ISSUER, identity: IDENTITY, role, audience: [AUDIENCE], jti: 'parent' }
  return issueToken(keys, { ...content, issuedAt: NOW, jkt: key.thumbprint, ...changes })
}

const prove = (token: string, claims: object = {}, by = key): string =>
  makeProof(by, ISSUER, 'unused', {
    claims: {
      htm: 'GET',
      htu: `${ORIGIN}/a`,
      iat: NOW,
      nonce: undefined,
      ath: createHash('sha256').update(token).digest('base64url'),
      ...claims,
    },
  })

interface Asked extends Partial<Credentials> {
  readonly demands?: Partial<Demands>
  readonly ledger?: Ledger
  readonly proxies?: readonly TrustedProxy[]
  readonly now?: number
}

/** Asks about `GET /a?b=c` with a bound token and its proof, in so far as the changes leave it so. */
const ask = async ({
  demands,
  ledger = createMemoryLedger(0),
  proxies = PROXIES,
  now = NOW,
  ...changes
}: Asked = {}) => {
  const credentials: Credentials = {
    authorization: `DPoP ${bound}`,
    dpop: prove(bound),
    proxySecret: SECRET,
    forwarded: { method: 'GET', uri: '/a?b=c' },
    ...changes,
  }
  const options = { issuer: ISSUER, published: keys, ledger, proxies }
  return authorize(options, credentials, { audience: AUDIENCE, ...demands }, now)
}

/** Asks with an unbound token and nothing else. */
const askUnbound = async (asked: Asked = {}) =>
  ask({
    authorization: `Bearer ${unbound}`,
    dpop: undefined,
    proxySecret: undefined,
    forwarded: { method: undefined, uri: undefined },
    ...asked,
  })

describe('authorize()', () => {
  it('authorizes a bound token with its proof, and says which proxy asked', async () => {
    expect(await ask()).toMatchObject({
      ok: true,
      value: { proxy: 'app', jkt: key.thumbprint, claims: { jti: 'parent', role: 'node' } },
    })
  })

  it('authorizes an unbound token, without a proxy, of an unknown one and of a known one', async () => {
    for (const proxySecret of [undefined, 'x', SECRET]) {
      const authorized = await askUnbound({ proxySecret })
      expect(authorized).toMatchObject({ ok: true, value: { claims: { jti: 'parent' } } })
      expect(authorized).not.toHaveProperty('value.claims.cnf')
    }
  })

  it.each(['bearer', 'BEARER', 'Bearer'])('takes the scheme %s in any case', async (scheme) => {
    expect(await askUnbound({ authorization: `${scheme} ${unbound}` })).toMatchObject({
      ok: true,
    })
  })

  it('authorizes a token whose iat is 20 s ahead', async () => {
    const token = await tokenOf({ issuedAt: NOW + 20 })
    const dpop = prove(token, { iat: NOW + 20 })
    expect(await ask({ authorization: `DPoP ${token}`, dpop })).toMatchObject({ ok: true })
  })

  it.each<[string, Partial<Demands>]>([
    ['the role', { roles: ['node'] }],
    ['one of two roles', { roles: ['other', 'node'] }],
    ['the account', { accounts: [IDENTITY.ownerAccountId] }],
    ['the region', { regions: ['nowhere', IDENTITY.regionId] }],
  ])('meets a demand for %s', async (_, demands) => {
    expect(await ask({ demands })).toMatchObject({ ok: true })
  })

  const htu = async (value: string): Promise<Asked> => ({
    dpop: prove(bound, { htu: value }),
  })
  it.each([
    ['with a query', `${ORIGIN}/a?b=c`],
    ['in another case of scheme and host', 'HTTPS://App.Test/a'],
    ['with the default port', 'https://app.test:443/a'],
  ])('takes an htu %s', async (_, value) => {
    expect(await ask(await htu(value))).toMatchObject({ ok: true })
  })

  it('compares the path byte for byte', async () => {
    const forwarded = { method: 'GET', uri: '/a%2Fb/../c' }
    const right = await htu(`${ORIGIN}/a%2Fb/../c`)
    expect(await ask({ ...right, forwarded })).toMatchObject({ ok: true })
    for (const wrong of ['/c', '/a/c', '/a%2fb/../c', '/a/b/../c', '/a%2Fb/%2e%2e/c']) {
      expect(await ask({ ...(await htu(ORIGIN + wrong)), forwarded })).toMatchObject({
        refusal: { reason: 'dpop_uri_mismatch' },
      })
    }
  })

  const proof = 'invalid_dpop_proof'
  const forwarded = (method: string | undefined, uri: string | undefined): Asked => ({
    forwarded: { method, uri },
  })
  it.each<[RefusedAuthorization['code'], AuthorizationReason, string, () => Promise<Asked>]>([
    ['invalid_token', 'token_missing', 'no token', async () => ({ authorization: undefined })],
    [
      'invalid_token',
      'token_missing',
      'another scheme',
      async () => ({ authorization: 'Basic x' }),
    ],
    [
      'invalid_token',
      'token_missing',
      'two tokens joined by a comma',
      async () => ({ authorization: `DPoP ${bound}, DPoP ${bound}` }),
    ],
    [
      'invalid_token',
      'token_missing',
      'two spaces',
      async () => ({ authorization: `DPoP  ${bound}` }),
    ],
    ['invalid_token', 'malformed', 'text', async () => ({ authorization: 'DPoP x' })],
    ['invalid_token', 'token_expired', 'an expired token', async () => ({ now: NOW + 3600 })],
    [
      'invalid_token',
      'token_not_yet_valid',
      'a token whose iat is 31 s ahead',
      async () => ({ authorization: `DPoP ${await tokenOf({ issuedAt: NOW + 31 })}` }),
    ],
    [
      'invalid_token',
      'issuer_mismatch',
      'a token of another service',
      async () => ({ authorization: `DPoP ${await tokenOf({ issuer: 'https://b.test' })}` }),
    ],
    [
      'invalid_token',
      'token_scheme_mismatch',
      'a bound token as a bearer token, with its proof',
      async () => ({ authorization: `Bearer ${bound}` }),
    ],
    [
      'invalid_token',
      'token_scheme_mismatch',
      'a bound token as a bearer token, without its proof',
      async () => ({ authorization: `Bearer ${bound}`, dpop: undefined }),
    ],
    [
      'invalid_token',
      'token_scheme_mismatch',
      'an unbound token under the scheme DPoP',
      async () => ({ authorization: `DPoP ${unbound}`, dpop: prove(unbound) }),
    ],
    [
      'invalid_token',
      'token_scheme_mismatch',
      'an unbound token with a proof',
      async () => ({ authorization: `Bearer ${unbound}`, dpop: prove(unbound) }),
    ],
    [
      'proxy_not_trusted',
      'proxy_not_trusted',
      'a bound token without a secret',
      async () => ({ proxySecret: undefined }),
    ],
    [
      'proxy_not_trusted',
      'proxy_not_trusted',
      'a bound token of an unknown proxy',
      async () => ({ proxySecret: 'the secret of nobody' }),
    ],
    [
      'proxy_not_trusted',
      'proxy_not_trusted',
      'the right secret twice',
      async () => ({ proxySecret: `${SECRET}, ${SECRET}` }),
    ],
    [
      'not_admitted',
      'audience_not_of_proxy',
      'an audience of another proxy',
      async () => ({ proxySecret: 'the secret of wiki' }),
    ],
    [
      'not_admitted',
      'audience_not_of_token',
      'a token for another audience',
      async () => ({
        proxySecret: 'the secret of wiki',
        demands: { audience: 'https://wiki.test' },
      }),
    ],
    [
      'not_admitted',
      'audience_not_of_token',
      'an audience in another case',
      async () => ({
        demands: { audience: 'https://APP.test' },
        proxies: [proxyOf('app', { audiences: ['https://APP.test'] })],
      }),
    ],
    ['not_admitted', 'role_mismatch', 'a role', async () => ({ demands: { roles: ['nod'] } })],
    ['not_admitted', 'account_mismatch', 'account', async () => ({ demands: { accounts: ['1'] } })],
    ['not_admitted', 'region_mismatch', 'a region', async () => ({ demands: { regions: ['x'] } })],
    [proof, 'dpop_missing', 'no proof', async () => ({ dpop: undefined })],
    [
      proof,
      'dpop_malformed',
      'two proofs joined by a comma',
      async () => ({ dpop: `${prove(bound)}, ${prove(bound)}` }),
    ],
    [
      proof,
      'dpop_key_mismatch',
      'a proof by another key',
      async () => ({ dpop: prove(bound, {}, other) }),
    ],
    [proof, 'dpop_token_mismatch', 'a proof of another token', async () => ({ dpop: prove('x') })],
    [
      proof,
      'dpop_token_mismatch',
      'a proof of no token',
      async () => ({ dpop: prove(bound, { ath: undefined }) }),
    ],
    [
      proof,
      'dpop_not_in_time',
      'an old proof',
      async () => ({ dpop: prove(bound, { iat: NOW - 61 }) }),
    ],
    [
      proof,
      'dpop_method_mismatch',
      'a proof for another method',
      async () => ({ dpop: prove(bound, { htm: 'POST' }) }),
    ],
    [proof, 'dpop_uri_mismatch', 'a proof for another path', () => htu(`${ORIGIN}/b`)],
    [
      proof,
      'dpop_uri_mismatch',
      'a proof for the origin of another proxy',
      async () => ({ proxySecret: 'the secret of shop' }),
    ],
    [proof, 'forwarded_request_malformed', 'no method', async () => forwarded(undefined, '/a')],
    [proof, 'forwarded_request_malformed', 'two methods', async () => forwarded('GET, GET', '/a')],
    [proof, 'forwarded_request_malformed', 'no address', async () => forwarded('GET', undefined)],
    [proof, 'forwarded_request_malformed', 'two addresses', async () => forwarded('GET', '/a, /a')],
  ])('refuses with %s, as %s: %s', async (code, reason, _, asked) => {
    expect(await ask(await asked())).toMatchObject({ ok: false, refusal: { code, reason } })
  })

  it('names the proxy and the token in a refusal as far as they are known', async () => {
    expect(await ask({ authorization: undefined })).toEqual({
      ok: false,
      refusal: { code: 'invalid_token', reason: 'token_missing', proxy: 'app' },
    })
    expect(await ask({ proxySecret: undefined })).toMatchObject({
      refusal: { proxy: undefined, claims: { jti: 'parent' } },
    })
  })

  const recording = (ledger: Ledger, changes: object) =>
    ledger.compareAndSet(
      {
        key: instanceKey(IDENTITY),
        value: encodeRecords([{ ...unknownInstance(IDENTITY.serialNumber), ...changes }]),
      },
      undefined,
      NOW,
    )
  it.each<[AuthorizationReason, string, (ledger: Ledger) => Promise<unknown>]>([
    ['token_revoked', 'revoked the token', (ledger) => revokeToken(ledger, 'parent', NOW)],
    [
      'token_revoked',
      'revoked all tokens of the instance',
      (ledger) => recording(ledger, { revokedUntil: NOW }),
    ],
    ['token_before_reset', 'reset the instance', (ledger) => recording(ledger, { resetAt: NOW })],
    [
      'banned',
      'banned the image',
      (ledger) =>
        ban(ledger, {
          kind: 'image',
          value: IDENTITY.imageId,
          reason: 'r',
          by: 'o',
          kid: 'k',
          at: NOW,
        }),
    ],
  ])('refuses as %s at once after an operator %s', async (reason, _, end) => {
    const ledger = createMemoryLedger(0)
    expect(await ask({ ledger })).toMatchObject({ ok: true })
    expect(await askUnbound({ ledger })).toMatchObject({ ok: true })
    await end(ledger)
    const refused = { ok: false, refusal: { code: 'invalid_token', reason } }
    expect(await ask({ ledger })).toMatchObject(refused)
    expect(await askUnbound({ ledger })).toMatchObject(refused)
  })

  it('takes each proof once, of fifty at the same time', async () => {
    const ledger = createMemoryLedger(0)
    const dpop = prove(bound)
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => ask({ ledger, dpop })))
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
    for (const outcome of outcomes.filter(({ ok }) => !ok)) {
      expect(outcome).toMatchObject({ refusal: { code: proof, reason: 'dpop_replayed' } })
    }
  })

  it('leaves the proof usable where something else is refused', async () => {
    const ledger = createMemoryLedger(0)
    const asked = { ledger, dpop: prove(bound) }
    expect(await ask({ ...asked, demands: { roles: ['x'] } })).toMatchObject({ ok: false })
    expect(await ask({ ...asked, proxySecret: undefined })).toMatchObject({ ok: false })
    expect(await ask(asked)).toMatchObject({ ok: true })
  })

  it('authorizes nothing while the ledger is unreachable', async () => {
    const gone = () => Promise.reject(new LedgerUnavailableError('gone'))
    const memory = createMemoryLedger(0)
    const [blind, mute] = [
      { ...memory, read: gone },
      { ...memory, compareAndSet: gone },
    ]
    await expect(ask({ ledger: blind })).rejects.toThrow(LedgerUnavailableError)
    await expect(askUnbound({ ledger: blind })).rejects.toThrow(LedgerUnavailableError)
    await expect(ask({ ledger: mute })).rejects.toThrow(LedgerUnavailableError)
  })
})
