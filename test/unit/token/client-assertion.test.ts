// The assertion of a relying party: each rule of RFC 7523 section 3, with what lies just on either side of it.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  type ClientAssertionRefusal,
  verifyClientAssertion,
} from '../../../src/token/client-assertion.ts'
import {
  type RelyingPartyKey,
  parseRelyingPartyKeys,
} from '../../../src/token/relying-party-keys.ts'
import {
  ALGORITHMS,
  type Algorithm,
  type Sign,
  type TestKey,
  compactJws,
  hmacSigner,
  makeKey,
  signer,
} from '../../cases/state/independent-jws.ts'

type Members = Readonly<Record<string, unknown>>

const ISSUER = 'https://rollcall.example'
const NOW = 1_800_000_000
const NAME = 'gateway'
const CLAIMS = { iss: NAME, sub: NAME, aud: ISSUER, jti: 'j', iat: NOW, exp: NOW + 60 }

const made: Partial<Record<Algorithm, TestKey>> = {}
let keys: readonly RelyingPartyKey[]
beforeAll(async () => {
  for (const alg of ALGORITHMS) made[alg] = await makeKey(alg)
  const pins = { name: NAME, audiences: ['a'] }
  keys = await parseRelyingPartyKeys({
    keys: Object.values(made).map(({ jwk }) => ({ ...jwk, ...pins })),
  })
})

const keyOf = (alg: Algorithm): TestKey => made[alg] as TestKey

const assertion = (claims: Members = {}, header: Members = {}, sign?: Sign): string => {
  const key = keyOf('ES256')
  return compactJws(
    { alg: 'ES256', kid: key.thumbprint, ...header },
    { ...CLAIMS, ...claims },
    sign ?? signer(key.privateKey),
  )
}

const verify = (text: string, now = NOW) => verifyClientAssertion(keys, ISSUER, text, now)

describe('verifyClientAssertion()', () => {
  it.each(ALGORITHMS)(
    'gives the key of an assertion by %s, and when it is outlived',
    async (alg) => {
      const { thumbprint: kid, privateKey } = keyOf(alg)
      const text = compactJws({ alg, kid }, CLAIMS, signer(privateKey))
      expect(await verify(text)).toMatchObject({
        value: { key: { thumbprint: kid, name: NAME }, jti: 'j', iat: NOW, outlivedAt: NOW + 120 },
      })
    },
  )

  it.each<[string, Members, Members?]>([
    ['without typ', {}],
    ['of typ JWT', {}, { typ: 'JWT' }],
    ['of typ client-authentication+jwt', {}, { typ: 'client-authentication+jwt' }],
    ['that begins half a minute later, by a clock that is fast', { iat: NOW + 30, exp: NOW + 90 }],
    ['that expired 29 seconds ago, by a clock that is slow', { iat: NOW - 89, exp: NOW - 29 }],
    ['with nbf', { nbf: NOW + 30 }],
    ['with members of its own', { client: 'x', scope: 'y' }],
    ['with a jti of 128 characters', { jti: 'j'.repeat(128) }],
    ['that lives a second', { exp: NOW + 1 }],
  ])('takes one %s', async (_, claims, header) => {
    expect(await verify(assertion(claims, header))).toMatchObject({ ok: true })
  })

  it.each<[ClientAssertionRefusal, string, Members, Members?]>([
    ['malformed', 'of the typ of an operator’s token', {}, { typ: 'rollcall-admin+jwt' }],
    ['malformed', 'of the typ of a proof', {}, { typ: 'dpop+jwt' }],
    ['malformed', 'of an empty typ', {}, { typ: '' }],
    ['malformed', 'of typ null', {}, { typ: null }],
    ['malformed', 'of a typ in a list', {}, { typ: ['JWT'] }],
    ['malformed', 'of the typ in other letters', {}, { typ: 'jwt' }],
    ['malformed', 'with crit', {}, { crit: ['exp'] }],
    ['key_refused', 'without kid', {}, { kid: undefined }],
    ['key_refused', 'of an unknown kid', {}, { kid: 'x' }],
    ['key_refused', 'of another alg than the key’s', {}, { alg: 'EdDSA' }],
  ])('refuses as %s one %s, and names no key', async (reason, _, claims, header) => {
    expect(await verify(assertion(claims, header))).toEqual({ ok: false, refusal: { reason } })
  })

  it.each<[ClientAssertionRefusal, string, Members]>([
    ['claims_incomplete', 'without jti', { jti: undefined }],
    ['claims_incomplete', 'with an empty jti', { jti: '' }],
    ['claims_incomplete', 'with a jti of 129 characters', { jti: 'j'.repeat(129) }],
    ['claims_incomplete', 'with a jti that has a space', { jti: 'a b' }],
    ['claims_incomplete', 'with a number as jti', { jti: 7 }],
    ['claims_incomplete', 'without iat', { iat: undefined }],
    ['claims_incomplete', 'without exp', { exp: undefined }],
    ['claims_incomplete', 'with exp as text', { exp: String(NOW + 60) }],
    ['claims_incomplete', 'with a fraction in iat', { iat: NOW + 0.5 }],
    ['claims_incomplete', 'with nbf as text', { nbf: String(NOW) }],
    ['name_mismatch', 'without iss', { iss: undefined }],
    ['name_mismatch', 'without sub', { sub: undefined }],
    ['name_mismatch', 'of another iss', { iss: 'other' }],
    ['name_mismatch', 'of another sub', { sub: 'other' }],
    ['name_mismatch', 'of the name in other letters', { iss: 'Gateway', sub: 'Gateway' }],
    ['audience_mismatch', 'without aud', { aud: undefined }],
    ['audience_mismatch', 'for another service', { aud: 'https://other.example' }],
    ['audience_mismatch', 'for the endpoint', { aud: `${ISSUER}/v1/introspect` }],
    ['audience_mismatch', 'for the issuer with a slash', { aud: `${ISSUER}/` }],
    ['audience_mismatch', 'with aud as a list', { aud: [ISSUER] }],
    ['audience_mismatch', 'for two services', { aud: [ISSUER, 'https://other.example'] }],
    ['not_in_time', 'that lives 61 seconds', { exp: NOW + 61 }],
    ['not_in_time', 'that begins 31 seconds later', { iat: NOW + 31, exp: NOW + 91 }],
    ['not_in_time', 'whose nbf is 31 seconds later', { nbf: NOW + 31 }],
    ['not_in_time', 'that expired 30 seconds ago', { iat: NOW - 90, exp: NOW - 30 }],
    ['not_in_time', 'of last year', { iat: NOW - 31_536_000, exp: NOW - 31_535_940 }],
    ['not_in_time', 'that was kept for a year', { iat: NOW - 31_536_000 }],
  ])('refuses as %s one %s, and names its key', async (reason, _, claims) => {
    expect(await verify(assertion(claims))).toMatchObject({
      refusal: { reason, key: { thumbprint: keyOf('ES256').thumbprint } },
    })
  })

  it('refuses a signature by another key, and a secret that everybody knows', async () => {
    const stranger = await makeKey('ES256')
    const { jwk, publicKey } = keyOf('ES256')
    const pem = publicKey.export({ type: 'spki', format: 'pem' })
    for (const [text, reason] of [
      [assertion({}, {}, signer(stranger.privateKey)), 'signature_invalid'],
      [assertion({}, { jwk: stranger.jwk }, signer(stranger.privateKey)), 'signature_invalid'],
      [assertion({}, { kid: stranger.thumbprint }, signer(stranger.privateKey)), 'key_refused'],
      [assertion({}, { alg: 'HS256' }, hmacSigner(pem)), 'key_refused'],
      [assertion({}, { alg: 'HS256' }, hmacSigner(JSON.stringify(jwk))), 'key_refused'],
      [assertion({}, { alg: 'none' }, () => Buffer.alloc(0)), 'key_refused'],
    ] as const) {
      expect(await verify(text)).toEqual({ ok: false, refusal: { reason } })
    }
  })

  it.each(['', 'x', 'a.b.c', '..', 'a'.repeat(9000)])('refuses the text %j', async (text) => {
    expect(await verify(text)).toEqual({ ok: false, refusal: { reason: 'malformed' } })
  })

  it('refuses a claim that occurs twice', async () => {
    const twice = JSON.stringify(CLAIMS).replace('{', '{"sub":"other",')
    const key = keyOf('ES256')
    const text = compactJws({ alg: 'ES256', kid: key.thumbprint }, twice, signer(key.privateKey))
    expect(await verify(text)).toEqual({ ok: false, refusal: { reason: 'malformed' } })
  })
})
