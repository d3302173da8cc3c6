// The table of token algorithms: which key fits which row, and what its names are.

import { describe, expect, it } from 'vitest'
import { TOKEN_ALGORITHMS } from '../../../src/token/algorithms.ts'
import { makeKey } from '../../cases/state/independent-jws.ts'
import { sharedRsaPair } from '../../support/rsa-keys.ts'

const fitting = (jwk: object): readonly string[] =>
  TOKEN_ALGORITHMS.filter(({ fits }) => fits(jwk)).map(({ alg }) => alg)

describe('TOKEN_ALGORITHMS', () => {
  it.each<[string, object, readonly string[]]>([
    ['P-256', { kty: 'EC', crv: 'P-256' }, ['ES256']],
    ['RSA', { kty: 'RSA' }, ['RS256']],
    ['Ed25519', { kty: 'OKP', crv: 'Ed25519' }, ['EdDSA']],
    ['P-384', { kty: 'EC', crv: 'P-384' }, []],
    ['P-521', { kty: 'EC', crv: 'P-521' }, []],
    ['secp256k1', { kty: 'EC', crv: 'secp256k1' }, []],
    ['Ed448', { kty: 'OKP', crv: 'Ed448' }, []],
    ['X25519, which signs nothing', { kty: 'OKP', crv: 'X25519' }, []],
    ['a symmetric key', { kty: 'oct' }, []],
    ['P-256 of another type', { kty: 'OKP', crv: 'P-256' }, []],
    ['a type in other letters', { kty: 'rsa' }, []],
    ['no type', { crv: 'P-256' }, []],
  ])('has for a key of %s: %j %j', (_, jwk, algorithms) => {
    expect(fitting(jwk)).toEqual(algorithms)
  })

  it('names each algorithm once, and RFC 9864’s name of EdDSA beside it', () => {
    const names = TOKEN_ALGORITHMS.map((row) => [row.alg, ...row.names])
    expect(names).toEqual([
      ['ES256', 'ES256'],
      ['RS256', 'RS256'],
      ['EdDSA', 'EdDSA', 'Ed25519'],
    ])
  })

  it.each(TOKEN_ALGORITHMS.map((row) => [row.alg, row] as const))(
    'imports and verifies by %s what node:crypto made',
    async (alg, { publicMembers, subtle }) => {
      const jwk =
        alg === 'RS256'
          ? sharedRsaPair().publicKey.export({ format: 'jwk' })
          : (await makeKey(alg)).jwk
      // The public members are all that a public key has beside its type.
      expect(Object.keys(jwk).toSorted()).toEqual(['kty', ...publicMembers].toSorted())
      const key = await crypto.subtle.importKey('jwk', jwk as JsonWebKey, subtle, true, ['verify'])
      expect(key).toMatchObject({ type: 'public', usages: ['verify'] })
    },
  )
})
