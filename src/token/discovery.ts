// The discovery document (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2), by which relying parties that
// know only the issuer find the keys, and OAuth clients the token endpoint.

import { OPERATOR_CALLS } from '../base/wire/operator-calls.ts'
import { TOKEN_EXCHANGE_GRANT, TOKEN_PATH } from '../base/wire/token-exchange.ts'
import { TOKEN_ALGORITHMS } from './algorithms.ts'
import { ACR_CHALLENGE } from './claims.ts'
import type { PublishedKeys } from './signing-keys.ts'

/** Every `alg` that a client may sign with. */
const ALGORITHM_NAMES = TOKEN_ALGORITHMS.flatMap(({ names }) => names)

/** Which calls a service has beside enrollment. */
export interface DiscoveryOptions {
  /** Whether tokens can be exchanged at `/v1/token`. */
  readonly exchange: boolean
  /** Whether relying parties may introspect tokens at `/v1/introspect`. Default: false. */
  readonly relyingParties?: boolean
}

/** What both addresses below `/.well-known/` answer. */
export const discoveryDocument = (
  issuer: string,
  { algorithms }: Pick<PublishedKeys, 'algorithms'>,
  { exchange, relyingParties = false }: DiscoveryOptions,
): Readonly<Record<string, string | readonly string[]>> => ({
  issuer,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  ...(exchange && {
    token_endpoint: issuer + TOKEN_PATH,
    // The subject token and its proof authenticate the call (RFC 8414 section 2: the default would be a secret).
    token_endpoint_auth_methods_supported: ['none'],
    // Without it, RFC 8414 section 2 assumes the grants of browsers.
    grant_types_supported: [TOKEN_EXCHANGE_GRANT],
  }),
  ...(relyingParties && {
    introspection_endpoint: issuer + OPERATOR_CALLS.introspect.path,
    introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
    introspection_endpoint_auth_signing_alg_values_supported: ALGORITHM_NAMES,
  }),
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: algorithms,
  acr_values_supported: [ACR_CHALLENGE],
  dpop_signing_alg_values_supported: ALGORITHM_NAMES,
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
    ...(exchange ? ['enrollment_jti', 'enrollment_iat'] : []),
    'ecs',
  ],
})
