// The discovery document, member by member.

import { describe, expect, it } from 'vitest'
import { discoveryDocument } from '../../../src/token/discovery.ts'

const ISSUER = 'https://rollcall.example'
const KEYS = { algorithms: ['EdDSA', 'ES256'] } as const

describe('discoveryDocument()', () => {
  it('names the issuer, the keys, the algorithms, the token endpoint and the claims', () => {
    const claims =
      'iss sub aud iat nbf exp jti acr role groups cnf enrollment_jti enrollment_iat ecs'
    expect(discoveryDocument(ISSUER, KEYS, { exchange: true })).toEqual({
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      token_endpoint: `${ISSUER}/v1/token`,
      token_endpoint_auth_methods_supported: ['none'],
      grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange'],
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['EdDSA', 'ES256'],
      acr_values_supported: ['urn:rollcall:freshness:challenge'],
      dpop_signing_alg_values_supported: ['ES256', 'RS256', 'EdDSA', 'Ed25519'],
      claims_supported: claims.split(' '),
    })
  })

  it('names no token endpoint and no claim of exchanged tokens where tokens are not exchanged', () => {
    const { claims_supported: claims, ...rest } = discoveryDocument(ISSUER, KEYS, {
      exchange: false,
    })
    expect(Object.keys(rest).filter((name) => /token_endpoint|grant/.test(name))).toEqual([])
    expect(claims).not.toContain('enrollment_jti')
  })
})
