// What each call of operators does. Each is one atomic change. The caller has checked the operator's token, read
// the address and the body, and writes the audit event.

import type { InferOutput } from 'valibot'
import { type Result, accept, refuse } from '../../base/result.ts'
import type { SentAnswer } from '../../base/wire/answers.ts'
import {
  type OPERATOR_CALLS,
  type OperatorCall,
  UNKNOWN_INSTANCE,
} from '../../base/wire/operator-calls.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { Operator } from '../../operate/authenticate.ts'
import { ban, listBans, unban } from '../../registry/bans.ts'
import {
  type EnrolledInstance,
  changeInstance,
  findInstance,
  forgetRecord,
  listInstances,
  resetRecord,
  revokeRecord,
} from '../../registry/instances.ts'
import type { Page, PageRefusal, PageRequest } from '../../registry/page.ts'
import { revokeToken } from '../../registry/revocation.ts'
import type { PublishedKeys } from '../../token/signing-keys.ts'
import { verifyToken } from '../../token/verify.ts'
import type { Facts } from '../audit.ts'
import { introspected } from '../introspection/introspected.ts'
import { type RequestRefusal, invalidRequest } from '../request/request-refusal.ts'
import type { EmptyRequest, OPERATOR_SCHEMAS } from '../request/schemas.ts'
import type { SubjectOf } from './address.ts'
import { banBody, instanceBody } from './views.ts'

/** What the calls work on. */
export interface Operated {
  readonly issuer: string
  readonly ledger: Ledger
  readonly published: PublishedKeys
  /** Unix seconds. Read it again before each change, because a body may take seconds to arrive. */
  readonly clock: () => number
}

type SchemaOf<Call> = Call extends { request: infer Name extends keyof typeof OPERATOR_SCHEMAS }
  ? (typeof OPERATOR_SCHEMAS)[Name]
  : typeof EmptyRequest

type BodyOf<Call> = Call extends { answer: infer Name extends NonNullable<OperatorCall['answer']> }
  ? { readonly body: SentAnswer<Name> }
  : { readonly body?: undefined }

/** A call that was read. */
export interface OperatorRequest<Call extends OperatorCall> {
  readonly operator: Operator
  /** The instance or the ban that the path names. */
  readonly subject: SubjectOf<Call['path']>
  /** The part of a list that the query asks for. */
  readonly page: Call extends { query: unknown } ? PageRequest : undefined
  /** The fields of the body. */
  readonly fields: InferOutput<SchemaOf<Call>>
}

/** What came of a call. */
export type Done<Call> = BodyOf<Call> & {
  /** For the audit event, beside what the path names. */
  readonly facts?: Facts
}

/** Does what a call asks for. */
export type Handler<Call extends OperatorCall> = (
  operated: Operated,
  request: OperatorRequest<Call>,
) => Promise<Result<Done<Call>, RequestRefusal>>

/** The handler of each call. */
export type Handlers<Calls extends Readonly<Record<string, OperatorCall>>> = {
  readonly [Action in keyof Calls]: Handler<Calls[Action]>
}

/** A page as it is answered. Its cursor came from the client. */
const pageDone = <Item, Body>(
  page: Result<Page<Item>, PageRefusal>,
  bodyOf: (page: Page<Item>) => Body,
): Result<{ readonly body: Body }, RequestRefusal> =>
  page.ok
    ? accept({ body: bodyOf(page.value) })
    : invalidRequest('field_malformed', 'The cursor did not come from this list', 'cursor')

const instanceDone = (
  instance: EnrolledInstance | undefined,
): Result<Done<Changes>, RequestRefusal> =>
  instance === undefined
    ? refuse({ code: 'not_found', reason: 'instance_unknown', title: UNKNOWN_INSTANCE })
    : accept({ body: instanceBody(instance) })

type Changes = (typeof OPERATOR_CALLS)['reset' | 'revoke' | 'forget']

const changing =
  (change: typeof resetRecord): Handler<Changes> =>
  async ({ ledger, clock }, { subject }) =>
    instanceDone(await changeInstance(ledger, subject, change, clock))

/** What each call does. */
export const OPERATOR_HANDLERS: Handlers<typeof OPERATOR_CALLS> = {
  list: async ({ ledger, clock }, { page }) =>
    pageDone(await listInstances(ledger, page, clock()), ({ items, cursor }) => ({
      instances: items.map(instanceBody),
      cursor,
    })),
  show: async ({ ledger, clock }, { subject }) =>
    instanceDone(await findInstance(ledger, subject, clock())),
  reset: changing(resetRecord),
  revoke: changing(revokeRecord),
  forget: changing(forgetRecord),
  list_bans: async ({ ledger, clock }, { page }) =>
    pageDone(await listBans(ledger, page, clock()), ({ items, cursor }) => ({
      bans: items.map(banBody),
      cursor,
    })),
  ban: async ({ ledger, clock }, { subject, fields, operator }) => {
    const { reason } = fields
    const made = { ...subject, reason, by: operator.sub, kid: operator.kid, at: clock() }
    await ban(ledger, made)
    return accept({ body: banBody(made) })
  },
  unban: async ({ ledger, clock }, { subject }) => {
    await unban(ledger, subject.kind, subject.value, clock())
    return accept({ body: subject })
  },
  introspect: async ({ issuer, published, ledger, clock }, { fields }) =>
    accept(await introspected({ issuer, published, ledger }, fields.token, clock())),
  revoke_token: async ({ issuer, published, ledger, clock }, { fields }) => {
    const { token, jti } = fields
    if ((token === undefined) === (jti === undefined)) {
      return invalidRequest('field_missing', 'One of token and jti is needed')
    }
    let named = jti
    if (token !== undefined) {
      const verified = await verifyToken(published, issuer, token, clock())
      named = verified.ok ? verified.value.jti : undefined
    }
    // RFC 7009 section 2.2: a token that is not valid needs no revocation, and the answer is the same.
    if (named !== undefined) await revokeToken(ledger, named, clock())
    return accept({ facts: { jti: named } })
  },
}
