// Audit events: one for each challenge, enrollment, exchange and call of an operator, whatever its outcome. The operator
// learns here why something was refused; the client does not. Never evidence, a token, a key or a
// challenge.

import type { ExchangeReason } from '../admit/exchange.ts'
import type { AuthorizationReason } from '../admit/authorize.ts'
import type { TokenReviewReason } from '../admit/kubernetes/token-review.ts'
import type { OperatorAction } from '../base/wire/operator-calls.ts'
import type { EnrollmentFacts, EnrollmentReason } from '../enroll/enrollment.ts'
import type { ClientRefusal } from '../operate/authenticate-client.ts'
import type { OperatorRefusal } from '../operate/authenticate.ts'
import type { OAuthErrorCode } from './oauth-error.ts'
import type { ProblemCode } from './problems.ts'
import type { RequestReason } from './request/request-refusal.ts'

/** Why a call failed although nothing is wrong with the request. */
export type FailureReason =
  | 'ledger_unavailable'
  | 'ledger_format_unknown'
  /** A mistake of this program; `error` has the name of the error. */
  | 'unexpected_error'

/** Why an API server may not ask about tokens. */
export type WebhookReason =
  /** There is not exactly one `Authorization` of the form `Bearer TOKEN`. */
  | 'webhook_token_missing'
  /** No configured hash is the token's. */
  | 'webhook_token_unknown'

/**
 * Every `reason` of an audit event. The documentation has an entry for each: the table in
 * `test/generate/audit-reasons.ts` does not compile without it.
 */
export type AuditReason =
  | RequestReason
  | OperatorRefusal
  | ClientRefusal
  | EnrollmentReason
  | ExchangeReason
  | AuthorizationReason
  | TokenReviewReason
  | WebhookReason
  | FailureReason

/** One event; members are absent when unknown. */
export interface AuditEvent {
  /** Of this list of members; a member that changes its meaning raises it. */
  readonly version: 1
  /** RFC 3339, UTC, with milliseconds. */
  readonly time: string
  /** The kind of call: for a challenge, an enrollment or an exchange, of a proxy, an API server, a relying party or an operator. */
  readonly event:
    'challenge' | 'enroll' | 'exchange' | 'authorize' | 'tokenreview' | 'introspect' | 'admin'
  /** Id of the request, which the answer has too. */
  readonly request_id: string
  /** Name of the proxy that asked, from the configuration. */
  readonly proxy?: string | undefined
  /** Name of the operator. */
  readonly sub?: string | undefined
  /** RFC 7638 thumbprint of the operator's key. */
  readonly operator_kid?: string | undefined
  /** Name of the relying party. */
  readonly client?: string | undefined
  /** RFC 7638 thumbprint of the relying party's key. */
  readonly client_kid?: string | undefined
  /** What the operator did. */
  readonly action?: OperatorAction | undefined
  /** `issued`: a challenge or a token. `done`: what an operator or a relying party asked for. */
  readonly outcome: 'issued' | 'done' | 'refused' | 'error'
  /** The `code` of a problem, or the `error` of an OAuth answer. Of a token that a TokenReview refuses: what it would be. */
  readonly code?: ProblemCode | OAuthErrorCode | undefined
  /** What exactly was wrong; there whenever `outcome` is `refused` or `error`. */
  readonly reason?: AuditReason | undefined
  /** The name of an unexpected error, such as `TypeError`; never its message. */
  readonly error?: string | undefined
  /** The role that was asked for, or that matched. */
  readonly role?: string | undefined
  /** The path in the policy of the rule that refused. */
  readonly rule?: string | undefined
  /** The field of the request or of the document that was refused. */
  readonly field?: string | undefined
  /** Id of the instance. */
  readonly instance_id?: string | undefined
  /** Id of the account that owns the instance. */
  readonly owner_account_id?: string | undefined
  /** Id of its region. */
  readonly region_id?: string | undefined
  /** Id of its image. */
  readonly image_id?: string | undefined
  /** Thumbprint of the key that the client proved (RFC 9449). */
  readonly jkt?: string | undefined
  /** Id of the token. */
  readonly jti?: string | undefined
  /** Id of the enrollment token that was shown, or from which the shown token was exchanged. */
  readonly enrollment_jti?: string | undefined
  /** The audience that a token was exchanged for, as the policy has it. */
  readonly audience?: string | undefined
  /** Whether an enrollment was the repeat of one that was answered before. */
  readonly retry?: boolean | undefined
  /** Names of fields that the cloud has added to its documents. */
  readonly unknown_fields?: readonly string[] | undefined
  /** SHA-256 fingerprint of the certificate that signed. */
  readonly trust_anchor?: string | undefined
  /** How long the call took, in milliseconds. */
  readonly duration_ms: number
}

/** What is known of an operator's call. */
export interface OperatorFacts {
  readonly sub?: string | undefined
  readonly operatorKid?: string | undefined
  readonly action?: OperatorAction | undefined
}

/** What is known of a relying party's call. */
export interface ClientFacts {
  readonly client?: string | undefined
  readonly clientKid?: string | undefined
}

/** What is known of a token that was shown, or exchanged. */
export interface TokenFacts {
  readonly enrollmentJti?: string | undefined
  readonly audience?: string | undefined
}

/** What an event tells beside its outcome. */
export type Facts = Omit<EnrollmentFacts, 'reason'> &
  OperatorFacts &
  ClientFacts &
  TokenFacts & { readonly proxy?: string | undefined; readonly error?: string | undefined }

/** What is known when the answer is made. */
export interface AuditInput {
  readonly event: AuditEvent['event']
  readonly requestId: string
  readonly outcome: AuditEvent['outcome']
  readonly code?: ProblemCode | OAuthErrorCode | undefined
  readonly reason?: AuditReason | undefined
  readonly facts: Facts
  /** Unix seconds, with a fraction. */
  readonly now: number
  readonly durationMs: number
}

/** Makes the event, its members in the order in which people read them. */
export const auditEvent = (input: AuditInput): AuditEvent => {
  const { facts } = input
  return {
    version: 1,
    time: new Date(Math.round(input.now * 1000)).toISOString(),
    event: input.event,
    request_id: input.requestId,
    proxy: facts.proxy,
    sub: facts.sub,
    operator_kid: facts.operatorKid,
    client: facts.client,
    client_kid: facts.clientKid,
    action: facts.action,
    outcome: input.outcome,
    code: input.code,
    reason: input.reason,
    error: facts.error,
    role: facts.role,
    rule: facts.rule,
    field: facts.field,
    instance_id: facts.instanceId,
    owner_account_id: facts.ownerAccountId,
    region_id: facts.regionId,
    image_id: facts.imageId,
    jkt: facts.jkt,
    jti: facts.jti,
    enrollment_jti: facts.enrollmentJti,
    audience: facts.audience,
    retry: facts.retry,
    unknown_fields: facts.unknownFields,
    trust_anchor: facts.trustAnchor,
    duration_ms: Math.round(input.durationMs * 1000) / 1000,
  }
}

/** What JSON leaves as it is and a terminal or a log reader may take for a line end or a command. */
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u007f-\u009f\u2028\u2029]/g

/**
 * Writes an audit event as one line of JSON, without a line end. Every control character is escaped.
 * @param event what `audit` of {@link createApp} receives
 * @returns the line
 * @example
 * ```ts
 * import { type AuditEvent, auditLine } from 'rollcall/http'
 *
 * const event: AuditEvent = {
 *   version: 1,
 *   time: '2026-01-01T00:00:00.000Z',
 *   event: 'challenge',
 *   request_id: 'r-1',
 *   outcome: 'issued',
 *   duration_ms: 1.25,
 * }
 * console.log(auditLine(event).startsWith('{"version":1,')) // true
 * ```
 * @see RFC 8259 (JSON), RFC 3339 (`time`)
 */
export const auditLine = (event: AuditEvent): string =>
  JSON.stringify(event).replaceAll(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
