// Enrollment tokens, checked by others than the library that made them.

import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { type JsonWebKey, createPublicKey, verify as verifySignature } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { issueToken } from '../../../src/token/issue.ts'
import { type SigningKeys, parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { ISSUER, admitting, claimsOf } from '../../support/test-enroller.ts'
import { signingKeysOf } from '../../support/rsa-keys.ts'

const [role] = parsePolicy(admitting()).roles
const identity = {
  ownerAccountId: '1',
  instanceId: 'i-1',
  regionId: 'r',
  zoneId: 'z',
  instanceType: 't',
  imageId: 'm',
  privateIpv4: '10.0.0.1',
  mac: '00:16:3e:00:00:01',
  serialNumber: 's',
  unknownFields: ['x'],
  audience: 'challenge',
  trustAnchor: 'a',
  digest: 'd',
}
if (role === undefined) throw new Error('no role')
const now = Math.floor(Date.now() / 1000)
const content = { issuer: ISSUER, identity, role, audience: ['a'], jti: 'j', issuedAt: now }

const keysFor = async (alg: 'ES256' | 'RS256' | 'EdDSA'): Promise<SigningKeys> =>
  parseSigningKeys(await signingKeysOf(alg))
const publicKeyOf = ({ jwks }: SigningKeys) =>
  createPublicKey({ key: jwks.keys[0] as unknown as JsonWebKey, format: 'jwk' })

describe('issueToken()', () => {
  it.each(['ES256', 'RS256'] as const)(
    'makes a token that jsonwebtoken verifies, by %s',
    async (alg) => {
      const keys = await keysFor(alg)
      const token = await issueToken(keys, content)
      const options = { issuer: ISSUER, audience: 'a', complete: true } as const
      const { header, payload } = jsonwebtoken.verify(token, publicKeyOf(keys), {
        ...options,
        algorithms: [alg],
      })
      expect(header).toEqual({ alg, typ: 'JWT', kid: keys.signer.kid })
      expect(payload).toMatchObject({
        iat: now,
        nbf: now - 30,
        exp: now + 300,
        jti: 'j',
        aud: ['a'],
      })
    },
  )

  it('makes a token that node:crypto verifies, by EdDSA', async () => {
    const keys = await keysFor('EdDSA')
    const [header, payload, signature] = (await issueToken(keys, content)).split('.') as [
      string,
      string,
      string,
    ]
    const signed = Buffer.from(`${header}.${payload}`)
    const bytes = Buffer.from(signature, 'base64url')
    expect(verifySignature(null, signed, publicKeyOf(keys), bytes)).toBe(true)
  })

  it('says nothing of the evidence but the nine fields', async () => {
    const claims = claimsOf(await issueToken(await keysFor('ES256'), content))
    expect(Object.keys(claims['ecs'] as object)).toEqual([
      'owner_account_id',
      'instance_id',
      'region_id',
      'zone_id',
      'instance_type',
      'image_id',
      'private_ipv4',
      'mac',
      'serial_number',
    ])
    expect(JSON.stringify(claims)).not.toContain('"challenge"')
    expect(claims).not.toHaveProperty('groups')
  })

  it('has groups if the role has some', async () => {
    const withGroups = { ...role, token: { ...role.token, groups: ['nodes', 'gpu'] } }
    const token = await issueToken(await keysFor('ES256'), { ...content, role: withGroups })
    expect(claimsOf(token)['groups']).toEqual(['nodes', 'gpu'])
  })

  it('gives a token whose forgeries are refused: none, and HS256 with the public key', async () => {
    const keys = await keysFor('RS256')
    const [, payload] = (await issueToken(keys, content)).split('.')
    const pem = publicKeyOf(keys).export({ type: 'spki', format: 'pem' })
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`
    const claims = claimsOf(`x.${payload}.x`)
    const confused = jsonwebtoken.sign(claims, Buffer.from(pem).toString('base64'), {
      algorithm: 'HS256',
    })
    for (const forged of [none, confused]) {
      expect(() =>
        jsonwebtoken.verify(forged, publicKeyOf(keys), { algorithms: ['RS256'] }),
      ).toThrow()
    }
  })
})

describe('a token at a relying party whose clock is wrong', () => {
  const options = { issuer: ISSUER, audience: 'a' }

  /** Whether jose and jsonwebtoken accept it, at a clock that is some seconds fast, or slow if negative. */
  const accepted = async (fastSeconds: number, clockTolerance = 0, maxTokenAge?: number) => {
    const keys = await keysFor('ES256')
    const token = await issueToken(keys, content)
    const currentDate = new Date((now + fastSeconds) * 1000)
    const age = maxTokenAge === undefined ? {} : { maxTokenAge }
    const byJose = jwtVerify(token, publicKeyOf(keys), {
      ...options,
      ...age,
      currentDate,
      clockTolerance,
    })
    const byJsonwebtoken = async (): Promise<unknown> =>
      jsonwebtoken.verify(token, publicKeyOf(keys), {
        ...options,
        clockTimestamp: now + fastSeconds,
        clockTolerance,
      })
    const isGood = (checked: Promise<unknown>): Promise<boolean> =>
      checked.then(
        () => true,
        () => false,
      )
    return { jose: await isGood(byJose), jsonwebtoken: await isGood(byJsonwebtoken()) }
  }
  const both = (good: boolean) => ({ jose: good, jsonwebtoken: good })

  it('is accepted without leeway while the clock is up to 30 s slow, and refused beyond', async () => {
    expect(await accepted(-1)).toEqual(both(true))
    expect(await accepted(-30)).toEqual(both(true))
    expect(await accepted(-31)).toEqual(both(false))
  })

  it('is refused without leeway by a clock that has passed its end', async () => {
    expect(await accepted(299)).toEqual(both(true))
    expect(await accepted(301)).toEqual(both(false))
  })

  it('is accepted with the leeway that the page advises, at either end', async () => {
    expect(await accepted(-60, 30)).toEqual(both(true))
    expect(await accepted(320, 30)).toEqual(both(true))
  })

  it('is refused by a slow clock that looks at its age without leeway, as the page says', async () => {
    expect(await accepted(-1, 0, 300)).toMatchObject({ jose: false })
    expect(await accepted(-1, 30, 300)).toMatchObject({ jose: true })
  })
})
