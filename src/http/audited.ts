// A call that is answered and audited, whatever happens.

import type { Context, Handler } from 'hono'
import { type Result, refuse } from '../base/result.ts'
import type { DisclosedReason } from '../enroll/enrollment.ts'
import type { OperatorScope } from '../token/operator-keys.ts'
import { LedgerFormatError, LedgerUnavailableError } from '../base/errors.ts'
import { type AuditEvent, type AuditReason, type Facts, auditEvent } from './audit.ts'
import { type Content, contentResponse } from './content.ts'
import { type OAuthErrorCode, oauthErrorResponse } from './oauth-error.ts'
import type { RequestSource } from './request/body.ts'
import { type Problem, type ProblemCode, problemResponse } from './problems.ts'
import type { ReadRequestOptions } from './request/read-request.ts'
import type { RequestRefusal } from './request/request-refusal.ts'

/** What the app keeps of a request. */
export type Env = {
  /** What the runtime hands on beside the request. */
  Bindings: RequestSource
  /** What the app sets. */
  Variables: RequestVariables
}

/** What the app sets for each request. */
export type RequestVariables = {
  /** Id of the request, for its answer and its audit event. */
  requestId: string
  /** The answer that this app made, which has the headers of every answer. Absent: somebody else answers. */
  answer?: Response
}

/** What every call has at hand. */
export interface AppSettings extends ReadRequestOptions {
  readonly issuer: string
  /** The answer leaves when this is done; if it fails, the answer is 503. */
  readonly audit: (event: AuditEvent) => void | Promise<void>
  /** Whole Unix seconds, for decisions. */
  readonly clock: () => number
  /** Unix seconds with a fraction, for audit events. */
  readonly exactClock: () => number
}

/** A call that is answered as it was asked. */
export interface Answered {
  readonly content: Content
  readonly facts: Facts
}

/** A call that is refused with a problem: what the client learns, and in `facts` what the operator learns. */
export interface RefusedAsProblem {
  readonly code: ProblemCode
  /** Default: the title of the code. */
  readonly title?: string | undefined
  /** The scope that an operator's key lacks. */
  readonly scope?: OperatorScope
  /** `WWW-Authenticate`. Default: the one of the code. */
  readonly authenticate?: string | undefined
  /** The `reason` of the answer. */
  readonly disclosed?: DisclosedReason | undefined
  /** What is answered in place of a problem, with status 200. The audit event has `code` nevertheless. */
  readonly content?: Content
  readonly facts: Facts & { readonly reason: AuditReason }
}

/** A call that is refused in the form of OAuth, likewise. */
export interface RefusedAsOAuth {
  readonly error: OAuthErrorCode
  /** Default: the description of the error. */
  readonly description?: string | undefined
  readonly facts: Facts & { readonly reason: AuditReason }
}

/** A call that is refused. */
export type Refused = RefusedAsProblem | RefusedAsOAuth

/** What a call came to. */
export type Outcome = Result<Answered, Refused>

/** The outcome of a call whose request is refused. @param facts what is known of the call nevertheless */
export const refusedRequest = (
  { code, reason, title, field }: RequestRefusal,
  facts: Facts = {},
): Result<never, Refused> => refuse({ code, title, facts: { ...facts, reason, field } })

/**
 * The same for a call of OAuth: `invalid_request` in its form. What is wrong with the transport stays a problem.
 * @param facts what is known of the call nevertheless
 */
export const refusedOAuthRequest = (
  refusal: RequestRefusal,
  facts: Facts = {},
): Result<never, Refused> => {
  const { code, reason, title, field } = refusal
  return code === 'invalid_request'
    ? refuse({ error: code, description: title, facts: { ...facts, reason, field } })
    : refusedRequest(refusal, facts)
}

const answerWith = (context: Context<Env>, answer: Response): Response => {
  context.set('answer', answer)
  return answer
}

/** An answer to a request. @param status default: 200 */
export const contentAnswer = (context: Context<Env>, content: Content, status?: number): Response =>
  answerWith(context, contentResponse(content, context.get('requestId'), status))

/** An error answer to a request. */
export const problemAnswer = (
  context: Context<Env>,
  { issuer }: Pick<AppSettings, 'issuer'>,
  code: ProblemCode,
  more: Pick<Problem, 'title' | 'allow' | 'reason' | 'scope' | 'authenticate'> = {},
): Response =>
  answerWith(
    context,
    problemResponse({ code, issuer, requestId: context.get('requestId'), ...more }),
  )

/** The error answer to a call that is refused. */
const refusalAnswer = (
  context: Context<Env>,
  { issuer }: Pick<AppSettings, 'issuer'>,
  refused: Refused,
): Response => {
  if ('error' in refused) {
    const { error, description } = refused
    const requestId = context.get('requestId')
    return answerWith(context, oauthErrorResponse({ error, description, issuer, requestId }))
  }
  const { code, title, scope, authenticate, disclosed: reason, content } = refused
  if (content !== undefined) return contentAnswer(context, content)
  return problemAnswer(context, { issuer }, code, { title, scope, authenticate, reason })
}

/** What is said of a call that failed: the ledger is unreachable, or this program has a mistake. */
export const failureOf = (error: unknown): RefusedAsProblem => {
  if (error instanceof LedgerFormatError) {
    return { code: 'unavailable', facts: { reason: 'ledger_format_unknown' } }
  }
  if (error instanceof LedgerUnavailableError) {
    return { code: 'unavailable', facts: { reason: 'ledger_unavailable' } }
  }
  // Its name and no more: the message of an unknown error may hold anything.
  const name = error instanceof Error ? error.name : undefined
  return { code: 'internal_error', facts: { reason: 'unexpected_error', error: name } }
}

/** The code of an error answer, of either form. */
const codeOf = (refused: Refused): ProblemCode | OAuthErrorCode =>
  'error' in refused ? refused.error : refused.code

const refusalOutcome = (code: ProblemCode | OAuthErrorCode): 'error' | 'refused' =>
  code === 'unavailable' || code === 'internal_error' ? 'error' : 'refused'

/** The outcome of a call that succeeds. */
const SUCCESS: Readonly<Record<AuditEvent['event'], AuditEvent['outcome']>> = {
  challenge: 'issued',
  enroll: 'issued',
  exchange: 'issued',
  authorize: 'done',
  tokenreview: 'done',
  introspect: 'done',
  admin: 'done',
}

/** Which calls have an audit event. */
export interface AuditedOptions {
  /** Whether a call that succeeds has one. Calls that are refused, or fail, always have one. Default: true. */
  readonly auditSuccess?: boolean
}

/** Makes a handler of a call: it is answered, and one audit event tells what it came to. */
export const answering =
  (
    service: AppSettings,
    event: AuditEvent['event'],
    handle: (context: Context<Env>) => Promise<Outcome>,
    { auditSuccess = true }: AuditedOptions = {},
  ): Handler<Env> =>
  async (context) => {
    const started = performance.now()
    let outcome: Outcome
    try {
      outcome = await handle(context)
    } catch (error) {
      outcome = refuse(failureOf(error))
    }
    if (outcome.ok && !auditSuccess) return contentAnswer(context, outcome.value.content)
    const refused = outcome.ok ? undefined : outcome.refusal
    const code = refused === undefined ? undefined : codeOf(refused)
    try {
      await service.audit(
        auditEvent({
          event,
          requestId: context.get('requestId'),
          outcome: code === undefined ? SUCCESS[event] : refusalOutcome(code),
          code,
          reason: refused?.facts.reason,
          facts: outcome.ok ? outcome.value.facts : outcome.refusal.facts,
          now: service.exactClock(),
          durationMs: performance.now() - started,
        }),
      )
    } catch {
      // Without its audit event nothing is issued. The writer of the events has told the operator why.
      return problemAnswer(context, service, 'unavailable')
    }
    return outcome.ok
      ? contentAnswer(context, outcome.value.content)
      : refusalAnswer(context, service, outcome.refusal)
  }
