// The claims of an enrollment token: each claim missing, of another shape, or beyond its bounds.

import { describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import {
  ACR_CHALLENGE,
  type ClaimsRefusal,
  type EnrollmentClaims,
  readEnrollmentClaims,
  subjectName,
  tokenSubject,
} from '../../../src/token/claims.ts'

const ISSUER = 'https://rollcall.example'
const NOW = 1_800_000_000
const JKT = 'k'.repeat(43)

const CLAIMS = {
  iss: ISSUER,
  sub: 'acs:ecs:cn-hangzhou:1609123456789012:instance/i-1',
  aud: ['https://cluster.example'],
  iat: NOW,
  nbf: NOW - 30,
  exp: NOW + 300,
  jti: 'j',
  acr: ACR_CHALLENGE,
  role: 'worker',
  ecs: {
    owner_account_id: '1609123456789012',
    instance_id: 'i-1',
    region_id: 'cn-hangzhou',
    zone_id: 'cn-hangzhou-k',
    instance_type: 'ecs.g6e.large',
    image_id: 'm-1',
    private_ipv4: '10.0.0.5',
    mac: '00:16:3e:00:00:01',
    serial_number: 's-1',
  },
}

const read = (changes: object, expiryToleranceSeconds?: number, now = NOW) =>
  readEnrollmentClaims(
    { ...CLAIMS, ...changes },
    {
      issuer: ISSUER,
      now,
      ...(expiryToleranceSeconds !== undefined && { expiryToleranceSeconds }),
    },
  )

describe('readEnrollmentClaims()', () => {
  it.each<[string, object]>([
    ['as they are issued', {}],
    ['of a bound token', { cnf: { jkt: JKT } }],
    ['of a role with groups', { groups: ['a', 'b'] }],
    ['of an exchanged token', { enrollment_jti: 'e', enrollment_iat: NOW - 10 }],
    ['without nbf', { nbf: undefined }],
    ['that this release does not know', { node: 'n' }],
    ['whose iat is 30 s ahead', { iat: NOW + 30 }],
    ['whose nbf is 30 s ahead', { nbf: NOW + 30 }],
    ['in their last second', { exp: NOW + 1 }],
    ['whose jti has 128 characters', { jti: 'j'.repeat(128) }],
  ])('accepts claims %s', (_, changes) => {
    expect(read(changes)).toEqual(accept({ ...CLAIMS, ...changes }))
  })

  it.each<[ClaimsRefusal, string, object]>([
    ['issuer_mismatch', 'of another service', { iss: 'https://other.example' }],
    ['issuer_mismatch', 'whose issuer has a slash', { iss: `${ISSUER}/` }],
    ['issuer_mismatch', 'whose issuer is a list', { iss: [ISSUER] }],
    ['issuer_mismatch', 'without an issuer', { iss: undefined }],
    ['claims_incomplete', 'without a jti', { jti: undefined }],
    ['claims_incomplete', 'with an empty jti', { jti: '' }],
    ['claims_incomplete', 'whose jti has a space', { jti: 'a b' }],
    ['claims_incomplete', 'whose jti has a line end', { jti: 'a\n' }],
    ['claims_incomplete', 'whose jti has 129 characters', { jti: 'j'.repeat(129) }],
    ['claims_incomplete', 'whose jti is a number', { jti: 1 }],
    ['claims_incomplete', 'without a sub', { sub: undefined }],
    ['claims_incomplete', 'whose sub names another instance', { sub: `${CLAIMS.sub}2` }],
    ['claims_incomplete', 'without iat', { iat: undefined }],
    ['claims_incomplete', 'whose iat is a text', { iat: String(NOW) }],
    ['claims_incomplete', 'whose iat is not a whole second', { iat: NOW + 0.5 }],
    ['claims_incomplete', 'without exp', { exp: undefined }],
    ['claims_incomplete', 'whose exp is too large to count', { exp: 2 ** 53 }],
    ['claims_incomplete', 'whose nbf is a text', { nbf: '0' }],
    ['claims_incomplete', 'without aud', { aud: undefined }],
    ['claims_incomplete', 'whose aud is a text, which this service never writes', { aud: 'a' }],
    ['claims_incomplete', 'whose aud is empty', { aud: [] }],
    ['claims_incomplete', 'whose aud has a number', { aud: ['a', 1] }],
    ['claims_incomplete', 'without a role', { role: undefined }],
    ['claims_incomplete', 'whose groups are a text', { groups: 'a' }],
    ['claims_incomplete', 'without ecs', { ecs: undefined }],
    ['claims_incomplete', 'whose ecs is null', { ecs: null }],
    [
      'claims_incomplete',
      'whose ecs has no serial number',
      { ecs: { ...CLAIMS.ecs, serial_number: undefined } },
    ],
    ['claims_incomplete', 'with enrollment_jti alone', { enrollment_jti: 'e' }],
    ['claims_incomplete', 'with enrollment_iat alone', { enrollment_iat: NOW }],
    ['token_expired', 'whose exp is now', { exp: NOW }],
    ['token_not_yet_valid', 'whose iat is 31 s ahead', { iat: NOW + 31, exp: NOW + 300 }],
    ['token_not_yet_valid', 'whose nbf is 31 s ahead', { nbf: NOW + 31 }],
    ['acr_mismatch', 'without acr', { acr: undefined }],
    [
      'acr_mismatch',
      'of evidence without a challenge',
      { acr: 'urn:rollcall:freshness:signing_time' },
    ],
    ['binding_unknown', 'whose cnf is null', { cnf: null }],
    ['binding_unknown', 'whose cnf is empty', { cnf: {} }],
    ['binding_unknown', 'whose cnf names a certificate', { cnf: { 'x5t#S256': JKT } }],
    ['binding_unknown', 'whose cnf names both', { cnf: { jkt: JKT, 'x5t#S256': JKT } }],
    ['binding_unknown', 'whose jkt is empty', { cnf: { jkt: '' } }],
    ['binding_unknown', 'whose cnf is a text', { cnf: JKT }],
  ])('refuses as %s claims %s', (reason, _, changes) => {
    expect(read(changes)).toEqual(refuse(reason))
  })

  it('accepts an expired token as long as the tolerance says, and no longer', () => {
    expect(read({}, 30, NOW + 329)).toMatchObject({ ok: true })
    expect(read({}, 30, NOW + 330)).toEqual(refuse('token_expired'))
  })

  it('accepts iat and nbf in the future as far as the caller says, and no further', () => {
    const expected = { issuer: ISSUER, now: NOW, futureToleranceSeconds: 0 }
    expect(readEnrollmentClaims(CLAIMS, expected)).toMatchObject({ ok: true })
    for (const changes of [{ iat: NOW + 1 }, { nbf: NOW + 1 }]) {
      const read = readEnrollmentClaims({ ...CLAIMS, ...changes }, expected)
      expect(read).toEqual(refuse('token_not_yet_valid'))
    }
  })
})

describe('subjectName()', () => {
  it('names the instance as Alibaba Cloud does', () => {
    expect(subjectName(CLAIMS.ecs)).toBe(CLAIMS.sub)
  })
})

describe('tokenSubject()', () => {
  it('has the fields by the names of identities, and the enrollment', () => {
    const subject = tokenSubject(CLAIMS)
    expect(subject).toMatchObject({
      ownerAccountId: CLAIMS.ecs.owner_account_id,
      instanceId: 'i-1',
      serialNumber: 's-1',
      jti: 'j',
      enrolledAt: NOW,
    })
    expect(subject.enrollmentJti).toBeUndefined()
  })

  it('of an exchanged token has the enrollment that it came from', () => {
    const claims: EnrollmentClaims = { ...CLAIMS, enrollment_jti: 'e', enrollment_iat: NOW - 10 }
    expect(tokenSubject(claims)).toMatchObject({
      jti: 'j',
      enrollmentJti: 'e',
      enrolledAt: NOW - 10,
    })
  })
})
