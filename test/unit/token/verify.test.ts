// Tokens read: each reason to refuse one. The claims one by one: claims.test.ts.

import { beforeAll, describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import { ACR_CHALLENGE } from '../../../src/token/claims.ts'
import { type OperatorKey, parseOperatorKeys } from '../../../src/token/operator-keys.ts'
import { type SigningKeys, parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { signJws } from '../../../src/token/jws.ts'
import {
  ADMIN_TOKEN_SECONDS,
  type OperatorTokenRefusal,
  type TokenRefusal,
  operatorTokenOutlivedAt,
  verifyOperatorToken,
  verifyToken,
} from '../../../src/token/verify.ts'
import { type TestKey, compactJws, makeKey, signer } from '../../cases/state/independent-jws.ts'

type Members = Readonly<Record<string, unknown>>

const ISSUER = 'https://rollcall.example'
const NOW = 1_800_000_000
const TOLERANCE = 30

describe('verifyToken()', () => {
  const claims = {
    iss: ISSUER,
    sub: 'acs:ecs:r:1:instance/i-1',
    aud: ['a'],
    jti: 'j',
    iat: NOW,
    exp: NOW + 300,
    acr: ACR_CHALLENGE,
    role: 'worker',
    ecs: {
      owner_account_id: '1',
      instance_id: 'i-1',
      region_id: 'r',
      zone_id: 'z',
      instance_type: 't',
      image_id: 'm',
      private_ipv4: '10.0.0.1',
      mac: '00:16:3e:00:00:01',
      serial_number: 's',
    },
  }
  let keys: SigningKeys
  let others: SigningKeys
  beforeAll(async () => {
    keys = await parseSigningKeys(await generateSigningKeys('ES256'))
    others = await parseSigningKeys(await generateSigningKeys('ES256'))
  })
  const verify = async (changes: Members, { typ = 'JWT', now = NOW, by = keys } = {}) =>
    verifyToken(keys, ISSUER, await signJws(typ, { ...claims, ...changes }, by.signer), now)

  it('returns the claims of a token as it was issued', async () => {
    expect(await verify({})).toEqual(accept(claims))
  })

  it.each<[TokenRefusal, string, Members, string?]>([
    ['malformed', 'of an operator', {}, 'rollcall-admin+jwt'],
    ['malformed', 'of another typ', {}, 'at+jwt'],
    ['issuer_mismatch', 'of another service', { iss: 'https://other.example' }],
    ['claims_incomplete', 'without a jti', { jti: undefined }],
    ['token_expired', 'that has expired', { exp: NOW }],
  ])('refuses as %s a token %s', async (reason, _, changes, typ = 'JWT') => {
    expect(await verify(changes, { typ })).toEqual(refuse(reason))
  })

  it('refuses a token by a key that it does not know', async () => {
    expect(await verify({}, { by: others })).toEqual(refuse('key_refused'))
  })

  it('refuses a token by another key under the kid of a known one', async () => {
    const by = { ...others, signer: { ...others.signer, kid: keys.signer.kid } }
    expect(await verify({}, { by })).toEqual(refuse('signature_invalid'))
  })
})

describe('verifyOperatorToken()', () => {
  const claims = { aud: ISSUER, sub: 'alice', jti: 'j', iat: NOW, exp: NOW + 60 }
  let key: TestKey
  let stranger: TestKey
  let operatorKeys: readonly OperatorKey[]
  beforeAll(async () => {
    ;[key, stranger] = [await makeKey('EdDSA'), await makeKey('EdDSA')]
    operatorKeys = await parseOperatorKeys({ keys: [{ ...key.jwk, name: 'alice' }] })
  })
  const verify = (changes: Members, { header = {}, now = NOW, by = key } = {}) => {
    const protectedHeader = {
      alg: 'EdDSA',
      typ: 'rollcall-admin+jwt',
      kid: key.thumbprint,
      ...header,
    }
    const token = compactJws(protectedHeader, { ...claims, ...changes }, signer(by.privateKey))
    return verifyOperatorToken(operatorKeys, ISSUER, token, now)
  }

  it('gives the claims and the key', async () => {
    const [adminKey] = operatorKeys
    expect(await verify({})).toEqual(accept({ claims, key: adminKey }))
  })

  it.each<[string, number, boolean]>([
    ['31 s before it was made', NOW - TOLERANCE - 1, false],
    ['30 s before it was made', NOW - TOLERANCE, true],
    ['29 s after it expired', NOW + 60 + TOLERANCE - 1, true],
    ['30 s after it expired', NOW + 60 + TOLERANCE, false],
  ])('judges a token by a clock that says %s', async (_, now, good) => {
    const verified = await verify({}, { now })
    if (good) expect(verified).toMatchObject({ ok: true })
    else expect(verified).toEqual(refuse('not_in_time'))
  })

  it.each<[OperatorTokenRefusal, string, Members, Members?]>([
    ['malformed', 'of an instance', {}, { typ: 'JWT' }],
    ['malformed', 'without a typ', {}, { typ: undefined }],
    ['key_refused', 'without a kid', {}, { kid: undefined }],
    ['key_refused', 'of another alg', {}, { alg: 'ES256' }],
    ['audience_mismatch', 'for another service', { aud: 'https://other.example' }],
    ['audience_mismatch', 'for several services', { aud: [ISSUER] }],
    ['audience_mismatch', 'for nobody', { aud: undefined }],
    ['claims_incomplete', 'without a sub', { sub: undefined }],
    ['claims_incomplete', 'whose sub has a space', { sub: 'alice b' }],
    ['claims_incomplete', 'whose jti has 129 characters', { jti: 'j'.repeat(129) }],
    ['claims_incomplete', 'without exp', { exp: undefined }],
    ['not_in_time', 'that lives 61 s', { exp: NOW + ADMIN_TOKEN_SECONDS + 1 }],
    ['not_in_time', 'that was made in the future', { iat: NOW + 31, exp: NOW + 60 }],
  ])('refuses as %s one %s', async (reason, _, changes, header = {}) => {
    expect(await verify(changes, { header })).toEqual(refuse(reason))
  })

  it('refuses one by another key', async () => {
    expect(await verify({}, { by: stranger })).toEqual(refuse('signature_invalid'))
    const header = { kid: stranger.thumbprint }
    expect(await verify({}, { by: stranger, header })).toEqual(refuse('key_refused'))
  })
})

describe('operatorTokenOutlivedAt()', () => {
  it('is no earlier than any clock that still takes the token', () => {
    // A clock that is 30 s behind takes a token for 30 s more than one that is right.
    expect(operatorTokenOutlivedAt({ exp: NOW })).toBe(NOW + 2 * TOLERANCE)
  })
})
