// Error answers in the form of OAuth (RFC 6749 section 5.2): for the calls that OAuth libraries make. They say no more
// than the error; the audit event has the reason. What is wrong with the transport stays a problem (RFC 9457).

import type { SentAnswer } from '../base/wire/answers.ts'
import { type PlainHeaders, headersWith } from './common-headers.ts'

/** The `error` of an OAuth answer. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  /** RFC 8707 section 2, RFC 8693 section 2.2.2. */
  | 'invalid_target'
  /** RFC 9449 section 5. */
  | 'invalid_dpop_proof'

/** Each error's status and `error_description`, in the characters of RFC 6749: ASCII without `"` and `\`. */
export const OAUTH_ERRORS: Readonly<
  Record<OAuthErrorCode, readonly [status: number, description: string]>
> = {
  invalid_request: [400, 'A parameter is missing, repeated or malformed'],
  invalid_client: [401, 'The client assertion was refused; make a new one for each call'],
  invalid_grant: [400, 'The subject token was refused'],
  unsupported_grant_type: [
    400,
    'Send the grant_type urn:ietf:params:oauth:grant-type:token-exchange',
  ],
  invalid_target: [400, 'The role of the token has no exchange for this audience'],
  invalid_dpop_proof: [400, 'The DPoP proof was refused; make a new one with the key of the token'],
}

/** What an OAuth error answer is made of. */
export interface OAuthError {
  readonly error: OAuthErrorCode
  readonly requestId: string
  /** The service's name, for the realm of 401 answers. */
  readonly issuer: string
  /** Default: the description of the error. Never anything from a token or the policy. */
  readonly description?: string | undefined
}

const NOT_IN_DESCRIPTIONS = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g

/**
 * Makes the answer, `application/json`, with the headers of every answer. A 401 names the scheme of the other way to
 * authenticate (RFC 9110 section 15.5.2): a client assertion is in the body, so no scheme is its own.
 */
export const oauthErrorResponse = (it: OAuthError): Response => {
  const [status, defaultDescription] = OAUTH_ERRORS[it.error]
  const own: PlainHeaders = { 'content-type': 'application/json' }
  if (status === 401) own['www-authenticate'] = `Bearer realm="${it.issuer}"`
  const body: SentAnswer<'OAuthError'> = {
    error: it.error,
    error_description: (it.description ?? defaultDescription).replaceAll(NOT_IN_DESCRIPTIONS, "'"),
  }
  return new Response(JSON.stringify(body), { status, headers: headersWith(it.requestId, own) })
}
