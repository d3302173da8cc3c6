// A call that is answered and audited, whatever happens.

import type { Context, Handler } from 'hono'
import type { DisclosedReason } from '../enroll/enrollment.ts'
import type { OperatorScope } from '../token/operator-keys.ts'
import { LedgerFormatError, LedgerUnavailableError } from '../base/errors.ts'
import { type AuditEvent, type Facts, auditEvent } from './audit.ts'
import type { RequestSource } from './request/body.ts'
import { type Problem, type ProblemCode, problemResponse } from './problems.ts'
import type { ReadRequestOptions } from './request/read-request.ts'
import { RequestError } from './request/request-error.ts'

/** What the app keeps of a request. */
export type Env = { Bindings: RequestSource; Variables: { requestId: string } }

/** What every call has at hand. */
export interface Service extends ReadRequestOptions {
  readonly issuer: string
  /** The answer leaves when this is done; if it fails, the answer is 503. */
  readonly audit: (event: AuditEvent) => void | Promise<void>
  /** Whole Unix seconds, for decisions. */
  readonly clock: () => number
  /** Unix seconds with a fraction, for audit events. */
  readonly exactClock: () => number
}

/** What a call came to: an answer or a refusal, and what the operator is told of it. */
export type Outcome =
  | { readonly response: Response; readonly facts: AuditFacts }
  | {
      readonly code: ProblemCode
      readonly title?: string | undefined
      /** The scope that an operator's key lacks. */
      readonly scope?: OperatorScope
      /** The `reason` of the answer. */
      readonly disclosed?: DisclosedReason | undefined
      readonly facts: AuditFacts
    }

type AuditFacts = Facts & { readonly reason?: string | undefined }

/** An error answer to a request. */
export const refuse = (
  context: Context<Env>,
  { issuer }: Pick<Service, 'issuer'>,
  code: ProblemCode,
  more: Pick<Problem, 'title' | 'allow' | 'reason' | 'scope'> = {},
): Response => problemResponse({ code, issuer, requestId: context.get('requestId'), ...more })

/** What an error that was thrown comes to. */
export const outcomeOf = (error: unknown): Outcome => {
  if (error instanceof LedgerFormatError) {
    return { code: 'unavailable', facts: { reason: 'ledger_format_unknown' } }
  }
  if (error instanceof LedgerUnavailableError) {
    return { code: 'unavailable', facts: { reason: error.code } }
  }
  if (!(error instanceof RequestError)) {
    // Its name and no more: what an unknown error says may hold anything.
    return {
      code: 'internal_error',
      facts: { reason: error instanceof Error ? error.name : undefined },
    }
  }
  const { code, reason, field, message } = error
  return { code, facts: { reason, field }, ...(message !== '' && { title: message }) }
}

const refusalOutcome = (code: ProblemCode): 'error' | 'refused' =>
  code === 'unavailable' || code === 'internal_error' ? 'error' : 'refused'

/** Makes a handler of a call: it is answered, and one audit event tells what it came to. */
export const answering =
  (
    service: Service,
    event: AuditEvent['event'],
    handle: (context: Context<Env>) => Promise<Outcome>,
  ): Handler<Env> =>
  async (context) => {
    const started = performance.now()
    const outcome = await handle(context).catch(outcomeOf)
    const refused = 'code' in outcome
    const { reason, ...facts } = outcome.facts
    try {
      await service.audit(
        auditEvent({
          event,
          requestId: context.get('requestId'),
          outcome: refused ? refusalOutcome(outcome.code) : event === 'admin' ? 'done' : 'issued',
          code: refused ? outcome.code : undefined,
          reason,
          facts,
          now: service.exactClock(),
          durationMs: performance.now() - started,
        }),
      )
    } catch {
      // What can't be audited isn't issued. Whoever writes the events has told the operator why.
      return refuse(context, service, 'unavailable')
    }
    return refused
      ? refuse(context, service, outcome.code, {
          title: outcome.title,
          reason: outcome.disclosed,
          scope: outcome.scope,
        })
      : outcome.response
  }
