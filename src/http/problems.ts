// Problem details (RFC 9457): every error answer of the service. The client gets one general
// sentence; the details go to the audit event alone.

import type { SentAnswer } from '../base/wire/answers.ts'
import type { DisclosedReason } from '../enroll/enrollment.ts'
import { type PlainHeaders, headersWith } from './common-headers.ts'

/** The error codes of the HTTP interface. */
export type ProblemCode =
  | 'invalid_request'
  | 'invalid_evidence'
  | 'invalid_dpop_proof'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'proxy_not_trusted'
  | 'not_admitted'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'rate_limited'
  | 'unavailable'
  | 'internal_error'

/** Each code's status and title. */
export const PROBLEMS: Readonly<Record<ProblemCode, readonly [status: number, title: string]>> = {
  invalid_request: [400, 'The request does not have the fields that this call takes'],
  invalid_evidence: [401, 'The evidence was refused; get a new challenge and a new signature'],
  invalid_dpop_proof: [401, 'The DPoP proof was refused; make one with the challenge as its nonce'],
  invalid_token: [401, 'This call needs an operator’s token that was made for it'],
  insufficient_scope: [403, 'The operator’s key does not allow this call; use another key'],
  proxy_not_trusted: [403, 'A token that is bound to a key works only through a known proxy'],
  not_admitted: [403, 'The instance is not admitted; ask the operator of this service'],
  not_found: [404, 'There is nothing at this address'],
  method_not_allowed: [405, 'This address does not take this method'],
  request_timeout: [408, 'The body did not arrive in time'],
  payload_too_large: [413, 'The body has more than 16384 bytes, or came in more than 256 pieces'],
  unsupported_media_type: [415, 'Send a form or JSON, in UTF-8 and not compressed'],
  rate_limited: [429, 'Too many requests; try again later'],
  unavailable: [503, 'The service cannot decide now; try again later'],
  internal_error: [500, 'The service failed'],
}

/** What an instance can do that is not admitted, for each reason that it may learn. */
const NOT_ADMITTED: Readonly<Record<DisclosedReason, string>> = {
  no_role_matches:
    'No role of the policy matches this instance; check the name of the requested role',
  key_required: 'This role needs a DPoP proof; enroll with a key',
  resource_not_allowed: 'This role has no such audience; ask for another resource',
  already_enrolled:
    'This instance has enrolled, and its role allows one enrollment; ask for a reset',
  key_changed:
    'This instance first enrolled with another key, or with none; use that key, or ask for a reset',
  image_unchanged: 'This instance has enrolled with this image; its role asks for a new one',
}

/** How a client shows who it is (RFC 9110 section 11.6.1, RFC 6750 section 3). */
const CHALLENGES: Readonly<Partial<Record<ProblemCode, (realm: string, scope: string) => string>>> =
  {
    invalid_evidence: (realm) => `InstanceIdentity realm="${realm}"`,
    invalid_dpop_proof: () => 'DPoP error="invalid_dpop_proof"',
    invalid_token: (realm) => `Bearer realm="${realm}", error="invalid_token"`,
    insufficient_scope: (realm, scope) =>
      `Bearer realm="${realm}", error="insufficient_scope", scope="${scope}"`,
  }

/** Seconds after which a client may try again; clients add jitter of their own. */
const RETRY_AFTER_SECONDS = '2'

/** What an error answer is made of. */
export interface Problem {
  readonly code: ProblemCode
  readonly requestId: string
  /** The service's name, for the realm of 401 answers. */
  readonly issuer: string
  /** A more helpful title; it never contains anything from the evidence or the policy. */
  readonly title?: string | undefined
  /** Why an instance is not admitted, if it may know. */
  readonly reason?: DisclosedReason | undefined
  /** The scope that a key lacks, for `insufficient_scope`. */
  readonly scope?: string | undefined
  /** `WWW-Authenticate`. Default: the one of the code. */
  readonly authenticate?: string | undefined
  /** Methods for the `Allow` header of 405 answers. */
  readonly allow?: string | undefined
}

/** Makes the answer, `application/problem+json`, with the headers of every answer. */
export const problemResponse = (it: Problem): Response => {
  const { code, requestId, issuer, title, reason, scope = '', allow } = it
  const [status, defaultTitle] = PROBLEMS[code]
  const own: PlainHeaders = { 'content-type': 'application/problem+json' }
  const authenticate = it.authenticate ?? CHALLENGES[code]?.(issuer, scope)
  if (authenticate !== undefined) own['www-authenticate'] = authenticate
  if (status === 429 || status === 503) own['retry-after'] = RETRY_AFTER_SECONDS
  if (allow !== undefined) own['allow'] = allow
  const problem: SentAnswer<'Problem'> = {
    type: 'about:blank',
    title: title ?? (reason === undefined ? defaultTitle : NOT_ADMITTED[reason]),
    status,
    code,
    reason,
    request_id: requestId,
  }
  return new Response(JSON.stringify(problem), { status, headers: headersWith(requestId, own) })
}
