// A call that is answered and audited, whatever happens.

import type { Context, Handler } from 'hono'
import { type Result, refuse } from '../base/result.ts'
import type { DisclosedReason } from '../enroll/enrollment.ts'
import type { OperatorScope } from '../token/operator-keys.ts'
import { LedgerFormatError, LedgerUnavailableError } from '../base/errors.ts'
import { type AuditEvent, type AuditReason, type Facts, auditEvent } from './audit.ts'
import { type Content, contentResponse } from './content.ts'
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

/** A call that is refused: what the client is told, and in `facts` what the operator is told. */
export interface Refused {
  readonly code: ProblemCode
  /** Default: the title of the code. */
  readonly title?: string | undefined
  /** The scope that an operator's key lacks. */
  readonly scope?: OperatorScope
  /** The `reason` of the answer. */
  readonly disclosed?: DisclosedReason | undefined
  readonly facts: Facts & { readonly reason: AuditReason }
}

/** What a call came to. */
export type Outcome = Result<Answered, Refused>

/** The outcome of a call whose request is refused. @param facts what is known of the call nevertheless */
export const refusedRequest = (
  { code, reason, title, field }: RequestRefusal,
  facts: Facts = {},
): Result<never, Refused> => refuse({ code, title, facts: { ...facts, reason, field } })

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
  more: Pick<Problem, 'title' | 'allow' | 'reason' | 'scope'> = {},
): Response =>
  answerWith(
    context,
    problemResponse({ code, issuer, requestId: context.get('requestId'), ...more }),
  )

/** What is said of a call that failed: the ledger is unreachable, or this program has a mistake. */
export const failureOf = (error: unknown): Refused => {
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

const refusalOutcome = (code: ProblemCode): 'error' | 'refused' =>
  code === 'unavailable' || code === 'internal_error' ? 'error' : 'refused'

/** Makes a handler of a call: it is answered, and one audit event tells what it came to. */
export const answering =
  (
    service: AppSettings,
    event: AuditEvent['event'],
    handle: (context: Context<Env>) => Promise<Outcome>,
  ): Handler<Env> =>
  async (context) => {
    const started = performance.now()
    let outcome: Outcome
    try {
      outcome = await handle(context)
    } catch (error) {
      outcome = refuse(failureOf(error))
    }
    const refused = outcome.ok ? undefined : outcome.refusal
    const issued = event === 'admin' ? 'done' : 'issued'
    try {
      await service.audit(
        auditEvent({
          event,
          requestId: context.get('requestId'),
          outcome: refused === undefined ? issued : refusalOutcome(refused.code),
          code: refused?.code,
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
    if (outcome.ok) return contentAnswer(context, outcome.value.content)
    const { code, title, scope, disclosed } = outcome.refusal
    return problemAnswer(context, service, code, { title, scope, reason: disclosed })
  }
