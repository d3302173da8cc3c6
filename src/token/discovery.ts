// The discovery document (OpenID Connect Discovery 1.0, section 3), by which relying parties that
// know only the issuer find the keys.

import { TOKEN_ALGORITHMS } from './algorithms.ts'
import { ACR_CHALLENGE } from './claims.ts'
import type { PublishedKeys } from './signing-keys.ts'

/** What `/.well-known/openid-configuration` answers. */
export const discoveryDocument = (
  issuer: string,
  { algorithms }: Pick<PublishedKeys, 'algorithms'>,
): Readonly<Record<string, string | readonly string[]>> => ({
  issuer,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: algorithms,
  acr_values_supported: [ACR_CHALLENGE],
  dpop_signing_alg_values_supported: TOKEN_ALGORITHMS.flatMap(({ names }) => names),
  claims_supported: [
    'iss',
    'sub',
    'aud',
    'iat',
    'nbf',
    'exp',
    'jti',
    'acr',
    'role',
    'groups',
    'cnf',
    'ecs',
  ],
})
