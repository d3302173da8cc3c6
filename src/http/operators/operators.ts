// The calls of operators: look at instances, reset, revoke, forget and ban them, and look at tokens. Each
// needs an operator's token of its own, is one atomic change, and is audited with who made it.

import type { Context, Hono } from 'hono'
import { BANNABLE, type Ban, ban, listBans, unban } from '../../registry/bans.ts'
import {
  changeInstance,
  findInstance,
  forgetRecord,
  listInstances,
  resetRecord,
  revokeRecord,
} from '../../registry/instances.ts'
import { introspect } from '../../operate/introspect.ts'
import {
  type Operator,
  type OperatorRefusal,
  authenticateOperator,
} from '../../operate/authenticate.ts'
import { revokeToken } from '../../registry/revocation.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { AdminKey } from '../../token/admin-keys.ts'
import type { PublishedKeys } from '../../token/signing-keys.ts'
import { verifyToken } from '../../token/verify.ts'
import { type Env, type Outcome, type Service, answering, outcomeOf } from '../audited.ts'
import type { AdminAction, Facts } from '../audit.ts'
import { bannedOf, nameOf, pageOf } from './address.ts'
import { OPERATOR_CALLS } from './calls.ts'
import { banBody, instanceBody } from './views.ts'
import { inHand, readRequest } from '../request/read-request.ts'
import { RequestError, invalidRequest } from '../request/request-error.ts'
import { BanRequest, EmptyRequest, IntrospectRequest, RevokeRequest } from '../request/schemas.ts'

/** What the calls of operators work on. */
export interface OperatorOptions {
  readonly ledger: Ledger
  /** Public keys of operators; not empty, and none that signs tokens. */
  readonly adminKeys: readonly AdminKey[]
}

/** What came of a call that was let through. */
interface Done {
  readonly body?: unknown
  /** Not found: there is nothing that the call could change. */
  readonly missing?: boolean
  readonly facts?: Facts
}

const banFacts = ({ kind, value }: Pick<Ban, 'kind' | 'value'>): Facts => ({
  [BANNABLE[kind][0]]: value,
})

/** What the holder of a good key is told of a token that is refused all the same. */
const REFUSED: Readonly<Partial<Record<OperatorRefusal, string>>> = {
  operator_token_used: 'This token was used before; make a new one for each call',
  operator_name_mismatch: 'The key has a name in ROLLCALL_ADMIN_KEYS; make the token with that sub',
  operator_token_for_another_call: 'This token names another call in htm or htu; make one for this',
}

/** Adds the calls to an app. */
export const addOperatorCalls = (
  app: Hono<Env>,
  service: Service,
  { ledger, adminKeys, published }: OperatorOptions & { readonly published: PublishedKeys },
): void => {
  // Read anew wherever something is changed: a body may take seconds.
  const { issuer, clock } = service

  const call = (
    action: AdminAction,
    handle: (context: Context<Env>, operator: Operator) => Promise<Done>,
  ): void => {
    const { method, path, scope } = OPERATOR_CALLS[action]
    const outcome = async (context: Context<Env>): Promise<Outcome> => {
      let facts: Facts = { action }
      try {
        const [, token] =
          /^Bearer ([!-~]{1,4096})$/i.exec(context.req.header('Authorization') ?? '') ?? []
        if (token === undefined) throw new RequestError('invalid_token', 'operator_token_missing')
        const request = { method, path: new URL(context.req.url).pathname, scope }
        const keys = { issuer, ledger, adminKeys }
        const known = await authenticateOperator(keys, token, request, clock())
        const { sub, kid } = known.ok ? known.value : known.refusal
        facts = { ...facts, sub, operatorKid: kid }
        if (!known.ok) {
          const { reason } = known.refusal
          return reason === 'operator_scope_missing'
            ? { code: 'insufficient_scope', scope, facts: { ...facts, reason } }
            : { code: 'invalid_token', title: REFUSED[reason], facts: { ...facts, reason } }
        }
        const done = await handle(context, known.value)
        facts = { ...facts, ...done.facts }
        if (done.missing) return { code: 'not_found', facts }
        const { body } = done
        return { response: body === undefined ? new Response() : Response.json(body), facts }
      } catch (error) {
        const why = outcomeOf(error)
        return { ...why, facts: { ...facts, ...why.facts } }
      }
    }
    app.on(method, path, answering(service, 'admin', outcome))
  }

  const list = async <Item>(load: () => Promise<Item>): Promise<Item> => {
    try {
      return await load()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw invalidRequest('field_malformed', 'The cursor is none of this list', 'cursor')
    }
  }

  const noFields = (context: Context<Env>): Promise<unknown> =>
    readRequest(inHand(context), EmptyRequest, service)

  call('list', async (context) => {
    const { items, cursor } = await list(() => listInstances(ledger, pageOf(context), clock()))
    return { body: { instances: items.map(instanceBody), cursor } }
  })
  call('list_bans', async (context) => {
    const { items, cursor } = await list(() => listBans(ledger, pageOf(context), clock()))
    return { body: { bans: items.map(banBody), cursor } }
  })

  call('show', async (context) => {
    const name = nameOf(context)
    const instance = await findInstance(ledger, name, clock())
    return instance === undefined
      ? { missing: true, facts: name }
      : { body: instanceBody(instance), facts: name }
  })
  const changes = { reset: resetRecord, revoke: revokeRecord, forget: forgetRecord } as const
  for (const [action, change] of Object.entries(changes)) {
    call(action as keyof typeof changes, async (context) => {
      const name = nameOf(context)
      await noFields(context)
      const instance = await changeInstance(ledger, name, change, clock)
      return instance === undefined
        ? { missing: true, facts: name }
        : { body: instanceBody(instance), facts: name }
    })
  }

  call('ban', async (context, { sub: by, kid }) => {
    const banned = bannedOf(context)
    const { reason } = await readRequest(inHand(context), BanRequest, service)
    const made = { ...banned, reason, by, kid, at: clock() }
    await ban(ledger, made)
    return { body: banBody(made), facts: banFacts(banned) }
  })
  call('unban', async (context) => {
    const banned = bannedOf(context)
    await noFields(context)
    await unban(ledger, banned.kind, banned.value, clock())
    return { body: banned, facts: banFacts(banned) }
  })

  call('introspect', async (context) => {
    const { token } = await readRequest(inHand(context), IntrospectRequest, service)
    const active = await introspect({ issuer, published, ledger }, token, clock())
    if (!active.ok) return { body: { active: false } }
    const claims = active.value
    const bound = claims['cnf'] !== undefined
    const body = { active: true, token_type: bound ? 'DPoP' : 'Bearer', ...claims }
    return { body, facts: { jti: claims.jti } }
  })
  call('revoke_token', async (context) => {
    const { token, jti } = await readRequest(inHand(context), RevokeRequest, service)
    if ((token === undefined) === (jti === undefined)) {
      throw invalidRequest('field_missing', 'One of token and jti is needed')
    }
    const verified = await verifyToken(published, issuer, token ?? '', clock())
    const named = jti ?? (verified.ok ? verified.value.jti : undefined)
    // RFC 7009 section 2.2: a token that isn't good needs no revoking, and the answer is the same.
    if (named !== undefined) await revokeToken(ledger, named, clock())
    return { facts: { jti: named } }
  })
}
