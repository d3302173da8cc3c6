// When each error code is answered and what a client does then. A code without an entry does not compile. Only the
// documentation needs these texts, so no bundle has them.

import type { DisclosedReason } from '../../src/enroll/enrollment.ts'
import type { OAuthErrorCode } from '../../src/http/oauth-error.ts'
import type { ProblemCode } from '../../src/http/problems.ts'

/** One code or reason. */
export interface AnswerEntry {
  readonly when: string
  readonly client: string
}

export const ERROR_CODES: Readonly<Record<ProblemCode, AnswerEntry>> = {
  invalid_request: {
    when: 'a field is missing, unknown, repeated, empty or malformed',
    client: 'correct the request; `title` names the problem',
  },
  invalid_evidence: {
    when: 'the document, the signature or the challenge is not good',
    client: 'start over once with a new challenge; then stop',
  },
  invalid_dpop_proof: {
    when: 'the `DPoP` proof is not good, or is of another key than the challenge',
    client: 'make a proof with the key of the challenge',
  },
  invalid_token: {
    when: 'an operator’s token is missing, wrong, used or for another call; at `/v1/authorize`, the token is refused; at `/v1/kubernetes/tokenreview`, the one of the API server',
    client: 'make a new token for each call; at `/v1/authorize`, enroll again',
  },
  insufficient_scope: {
    when: 'the operator’s key does not have the scope of the call',
    client: 'use another key',
  },
  proxy_not_trusted: {
    when: '`/v1/authorize`: the token is bound to a key, and no proxy of `ROLLCALL_PROXIES` asks',
    client: 'stop; the operator of the proxy corrects its secret',
  },
  not_admitted: {
    when: 'the evidence is genuine; the policy, a ban or an earlier enrollment refuses it; at `/v1/authorize`, the token is valid, and for something else',
    client: 'stop, and show `reason` and `request_id`',
  },
  not_found: {
    when: 'no such address, no such kind of ban, or no such instance',
    client: 'correct the address',
  },
  method_not_allowed: {
    when: 'the address takes other methods; the header `Allow` lists them',
    client: 'use another method',
  },
  request_timeout: {
    when: 'the body was not complete after 10 seconds',
    client: 'try again',
  },
  payload_too_large: {
    when: 'the body has more than 16,384 bytes or more than 256 pieces',
    client: 'send a smaller body in larger pieces',
  },
  unsupported_media_type: {
    when: 'another `Content-Type` or charset, or any `Content-Encoding`',
    client: 'send a form, multipart or JSON in UTF-8, not compressed',
  },
  rate_limited: {
    when: 'the rate limiter of an embedding program refused the request',
    client: 'try again after `Retry-After`',
  },
  unavailable: {
    when: 'the ledger is unreachable, an audit event cannot be written, the service starts or stops, or its configuration is wrong (Workers)',
    client: 'try again after `Retry-After`, with the same evidence',
  },
  internal_error: {
    when: 'the service has a mistake',
    client: 'try again; report the `request_id` if it repeats',
  },
}

/** The errors of `POST /v1/token`; `invalid_client` is not one of them. */
export const EXCHANGE_ERRORS: Readonly<
  Record<Exclude<OAuthErrorCode, 'invalid_client'>, AnswerEntry>
> = {
  invalid_request: {
    when: 'a parameter is missing, repeated or malformed; `audience` and `resource`, or neither',
    client: 'correct the request',
  },
  unsupported_grant_type: {
    when: '`grant_type` is another one than token exchange',
    client: 'correct the request',
  },
  invalid_grant: {
    when: 'the subject token is expired, revoked, unbound, exchanged itself or not ours; its instance is banned or was reset; its role has no exchange or no longer matches',
    client: 'enroll again with a key, once; then stop',
  },
  invalid_target: {
    when: 'the `exchange` of the role does not list this audience; `resource` is not an absolute URI',
    client: 'ask for a listed audience',
  },
  invalid_dpop_proof: {
    when: 'the proof is missing, wrong, old, used before, or of another key',
    client: 'make a new proof with the key of the token; check the clock',
  },
}

export const DISCLOSED_REASONS: Readonly<Record<DisclosedReason, AnswerEntry>> = {
  no_role_matches: {
    when: 'the role does not exist, or no role matches this instance',
    client: 'check the role that you ask for',
  },
  key_required: { when: 'the role needs a DPoP proof', client: 'enroll with a key' },
  resource_not_allowed: {
    when: '`resource` is not an audience of the role',
    client: 'ask for another resource',
  },
  already_enrolled: {
    when: '`never`: the instance has enrolled',
    client: 'ask an operator for a reset',
  },
  key_changed: {
    when: '`same_key`: the first enrollment had another key, or none',
    client: 'use the first key, or ask for a reset',
  },
  image_unchanged: {
    when: '`new_image`: the image is the one of the latest enrollment',
    client: 'redeploy with a new image, or ask for a reset',
  },
}
