// Good tokens of the test issuer: a door that admits them has to be one that admits tokens of the service.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestIssuer, startTestIssuer } from '../../../../src/cli/probe/test-issuer.ts'
import type { Role } from '../../../../src/policy/policy.ts'
import type { EnrollmentClaims } from '../../../../src/token/claims.ts'
import { generateSigningKeys } from '../../../../src/token/generate.ts'
import { issueToken } from '../../../../src/token/issue.ts'
import { parseSigningKeys } from '../../../../src/token/signing-keys.ts'
import { readUnverified } from '../../../../src/token/unverified.ts'
import type { InstanceIdentity } from '../../../../src/verify/instance-identity.ts'

/** The claims of a token, in their order. */
const partsOf = (token: string) => {
  const { header, claims } = readUnverified(token) ?? {}
  return { header, claims: claims as unknown as EnrollmentClaims }
}

describe.each(['ES256', 'RS256', 'EdDSA'] as const)('a test issuer of %s', (algorithm) => {
  let issuer: TestIssuer
  beforeAll(async () => {
    const about = { audience: 'app', role: 'worker', account: '1234', region: 'cn-beijing' }
    issuer = await startTestIssuer({ host: '127.0.0.1', port: 0, algorithm, ...about })
  })
  afterAll(() => issuer.close())

  it('makes the token that the service would issue', async () => {
    const { header, claims } = partsOf(issuer.good())
    const { ecs, iss, aud, iat, exp, jti } = claims
    const identity = {
      ownerAccountId: ecs.owner_account_id,
      instanceId: ecs.instance_id,
      regionId: ecs.region_id,
      zoneId: ecs.zone_id,
      instanceType: ecs.instance_type,
      imageId: ecs.image_id,
      privateIpv4: ecs.private_ipv4,
      mac: ecs.mac,
      serialNumber: ecs.serial_number,
    } as InstanceIdentity
    const role = { name: 'worker', token: { lifetimeSeconds: exp - iat, groups: [] } }
    const keys = await parseSigningKeys(JSON.stringify(await generateSigningKeys(algorithm)))
    const issued = partsOf(
      await issueToken(keys, {
        issuer: iss,
        identity,
        role: role as unknown as Role,
        audience: aud,
        jti,
        issuedAt: iat,
      }),
    )
    expect(JSON.stringify(claims)).toBe(JSON.stringify(issued.claims))
    expect({ ...header, kid: '' }).toEqual({ ...issued.header, kid: '' })
  })

  it('publishes the key of its tokens, and nothing of the private one', async () => {
    const answer = await fetch(`${issuer.issuer}/.well-known/jwks.json`)
    const { keys } = (await answer.json()) as { keys: Record<string, string>[] }
    expect(keys.map(({ kid }) => kid)).toEqual([partsOf(issuer.good()).header?.['kid']])
    expect(keys[0]).not.toHaveProperty('d')
  })

  it('makes a new token each time', () => {
    expect(partsOf(issuer.good()).claims.jti).not.toBe(partsOf(issuer.good()).claims.jti)
  })
})
