// New signing keys: complete, private, named by their thumbprint, and each time other ones.

import { calculateJwkThumbprint } from 'jose'
import { describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'

describe('generateSigningKeys()', () => {
  it.each([
    ['ES256', { kty: 'EC', crv: 'P-256' }],
    ['EdDSA', { kty: 'OKP', crv: 'Ed25519' }],
    ['RS256', { kty: 'RSA', e: 'AQAB' }],
  ] as const)('makes one private key of %s that the service takes', async (alg, type) => {
    const { keys } = await generateSigningKeys(alg)
    expect(keys).toEqual([expect.objectContaining({ ...type, alg, use: 'sig' })])
    const [jwk] = keys
    expect(jwk?.kid).toBe(
      await calculateJwkThumbprint(jwk as Parameters<typeof calculateJwkThumbprint>[0]),
    )
    expect(await parseSigningKeys({ keys })).toMatchObject({
      algorithms: [alg],
      signer: { kid: jwk?.kid },
      secrets: [expect.any(Uint8Array)],
    })
  })

  it('makes another key each time', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => generateSigningKeys('ES256')))
    expect(new Set(made.map(({ keys }) => keys[0]?.d)).size).toBe(8)
  })
})
