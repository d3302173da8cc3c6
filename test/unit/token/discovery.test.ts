// The discovery document, member by member.

import { describe, expect, it } from 'vitest'
import { discoveryDocument } from '../../../src/token/discovery.ts'

const ISSUER = 'https://rollcall.example'

describe('discoveryDocument()', () => {
  it('names the issuer, the keys, the algorithms and the claims', () => {
    expect(discoveryDocument(ISSUER, { algorithms: ['EdDSA', 'ES256'] })).toEqual({
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['EdDSA', 'ES256'],
      acr_values_supported: ['urn:rollcall:freshness:challenge'],
      dpop_signing_alg_values_supported: ['ES256', 'RS256', 'EdDSA', 'Ed25519'],
      claims_supported: 'iss sub aud iat nbf exp jti acr role groups cnf ecs'.split(' '),
    })
  })
})
