// Routes the calls of operators. Each call needs an operator's token of its own. Its row says how it is read, its
// handler does it, and its audit event names the operator.

import type { Context, Hono } from 'hono'
import { type Result, accept, refuse } from '../../base/result.ts'
import {
  OPERATOR_CALLS,
  type OperatorAction,
  type OperatorCall,
} from '../../base/wire/operator-calls.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import {
  type Operator,
  type OperatorRefusal,
  authenticateOperator,
} from '../../operate/authenticate.ts'
import { BANNABLE } from '../../registry/bans.ts'
import type { InstanceName } from '../../registry/instance-record.ts'
import type { OperatorKey } from '../../token/operator-keys.ts'
import type { PublishedKeys } from '../../token/signing-keys.ts'
import {
  type Env,
  type Outcome,
  type Refused,
  type AppSettings,
  answering,
  failureOf,
  refusedRequest,
} from '../audited.ts'
import type { Facts } from '../audit.ts'
import { jsonContent } from '../content.ts'
import type { RequestRefusal } from '../request/request-refusal.ts'
import { inHand, readRequest } from '../request/read-request.ts'
import { EmptyRequest, OPERATOR_SCHEMAS } from '../request/schemas.ts'
import { splitUrl } from '../request/split-url.ts'
import { type Banned, pageOf, subjectOf } from './address.ts'
import { type Done, type Handlers, OPERATOR_HANDLERS, type Operated } from './handlers.ts'

/** What the calls of operators work on. */
export interface OperatorOptions {
  /** Where state is stored; the ledger of the enroller. */
  readonly ledger: Ledger
  /** Public keys of operators; not empty, and no key that signs tokens. */
  readonly operatorKeys: readonly OperatorKey[]
}

/** Titles for a token that is refused although a known key has signed it: the operator may learn why. */
const REFUSED: Readonly<Partial<Record<OperatorRefusal, string>>> = {
  operator_token_used: 'This token was used before; make a new one for each call',
  operator_name_mismatch: 'The key has a name in ROLLCALL_ADMIN_KEYS; make the token with that sub',
  operator_token_for_another_call: 'This token names another call in htm or htu; make one for this',
}

/** What the audit event says of the thing that a path names. */
const factsOf = (subject: InstanceName | Banned | undefined): Facts => {
  if (subject === undefined) return {}
  return 'kind' in subject ? { [BANNABLE[subject.kind][0]]: subject.value } : subject
}

/** A handler without the types of its row, which {@link Handlers} has compared. */
type AnyHandler = (
  operated: Operated,
  request: {
    readonly operator: Operator
    readonly subject: unknown
    readonly page: unknown
    readonly fields: unknown
  },
) => Promise<Result<Done<OperatorCall>, RequestRefusal>>

const bearerToken = (context: Context<Env>): string | undefined =>
  /^Bearer ([!-~]{1,4096})$/i.exec(context.req.header('Authorization') ?? '')?.[1]

type Options = OperatorOptions & { readonly published: PublishedKeys }

/**
 * Adds calls to an app.
 * @param calls a row for each
 * @param handlers what each of them does
 */
export const addCalls = <Calls extends Readonly<Record<string, OperatorCall>>>(
  app: Hono<Env>,
  settings: AppSettings,
  { ledger, operatorKeys, published }: Options,
  calls: Calls,
  handlers: Handlers<Calls>,
): void => {
  const { issuer, clock } = settings
  const operated: Operated = { issuer, ledger, published, clock }

  for (const [name, call] of Object.entries(calls)) {
    const { method, path, scope } = call
    const action = name as OperatorAction
    const handle = handlers[name] as AnyHandler

    /** Reads the call as its row says, and does it. */
    const perform = async (context: Context<Env>, operator: Operator): Promise<Outcome> => {
      const subject = subjectOf(path, context.req.param())
      if (!subject.ok) return refusedRequest(subject.refusal)
      const page = call.query
        ? pageOf(new URLSearchParams(splitUrl(context.req.url).query))
        : accept(undefined)
      if (!page.ok) return refusedRequest(page.refusal)
      const schema = call.request === undefined ? EmptyRequest : OPERATOR_SCHEMAS[call.request]
      const fields: Result<unknown, RequestRefusal> =
        method === 'GET' ? accept({}) : await readRequest(inHand(context), schema, settings)
      if (!fields.ok) return refusedRequest(fields.refusal)
      const request = { operator, subject: subject.value, page: page.value, fields: fields.value }
      const done = await handle(operated, request)
      const named = factsOf(subject.value)
      if (!done.ok) return refusedRequest(done.refusal, named)
      const { body, facts } = done.value
      const content = body === undefined ? {} : jsonContent(body)
      return accept({ content, facts: { ...named, ...facts } })
    }

    const outcome = async (context: Context<Env>): Promise<Outcome> => {
      let facts: Facts = { action }
      const refused = (why: Refused): Outcome =>
        refuse({ ...why, facts: { ...facts, ...why.facts } })
      try {
        const token = bearerToken(context)
        const request = { method, path: splitUrl(context.req.url).path, scope }
        const keys = { issuer, ledger, operatorKeys }
        const known = await authenticateOperator(keys, token, request, clock())
        const { sub, kid } = known.ok ? known.value : known.refusal
        facts = { ...facts, sub, operatorKid: kid }
        if (!known.ok) {
          const { reason } = known.refusal
          return reason === 'operator_scope_missing'
            ? refused({ code: 'insufficient_scope', scope, facts: { reason } })
            : refused({ code: 'invalid_token', title: REFUSED[reason], facts: { reason } })
        }
        const done = await perform(context, known.value)
        if (!done.ok) return refused(done.refusal)
        return accept({ ...done.value, facts: { ...facts, ...done.value.facts } })
      } catch (error) {
        return refused(failureOf(error))
      }
    }
    app.on(method, path, answering(settings, 'admin', outcome))
  }
}

/** Adds the calls that the service has. */
export const addOperatorCalls = (app: Hono<Env>, settings: AppSettings, options: Options): void =>
  addCalls(app, settings, options, OPERATOR_CALLS, OPERATOR_HANDLERS)
