// `POST /v1/token` in `openapi.json`, if the service has it.

import { TOKEN_PATH } from '../../base/wire/token-exchange.ts'
import { OAUTH_ERRORS, type OAuthErrorCode } from '../oauth-error.ts'
import { type Json, SERVING, body, problems, ref, string } from './parts.ts'

/** The errors of this call: all answer 400. */
const ERRORS: readonly OAuthErrorCode[] = [
  'invalid_request',
  'unsupported_grant_type',
  'invalid_grant',
  'invalid_target',
  'invalid_dpop_proof',
]

const PROOF: Json = {
  name: 'DPoP',
  in: 'header',
  required: true,
  description: 'A DPoP proof (RFC 9449) of the key that the subject token is bound to',
  schema: string,
}

/** The path. */
export const tokenPath = (): Json => ({
  [TOKEN_PATH]: {
    post: {
      operationId: 'exchangeToken',
      summary: 'Exchange a bound enrollment token for a short token of one audience (RFC 8693)',
      requestBody: body('TokenRequest', true, ['application/x-www-form-urlencoded']),
      parameters: [PROOF],
      responses: {
        '200': {
          description: 'The new token',
          content: { 'application/json': { schema: ref('Exchange') } },
        },
        '400': {
          description: ERRORS.map((error) => `${error}: ${OAUTH_ERRORS[error][1]}`).join('; '),
          content: { 'application/json': { schema: ref('OAuthError') } },
        },
        ...problems('request_timeout', 'payload_too_large', ...SERVING),
      },
    },
  },
})
