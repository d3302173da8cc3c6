// The calls of operators, one line each: what the app routes and `openapi.json` describes.

import type { AnswerName } from '../../base/wire/answers.ts'
import type { OperatorScope } from '../../token/admin-keys.ts'
import type { AdminAction } from '../audit.ts'
import { OPERATOR_SCHEMAS } from '../request/schemas.ts'

/** One call. */
export interface OperatorCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Hono's pattern. */
  readonly path: string
  readonly summary: string
  /** What an operator's key must allow. */
  readonly scope: OperatorScope
  /** The schema of its fields, if it has any. */
  readonly request?: keyof typeof OPERATOR_SCHEMAS
  /** The schema of its answer; absent: the answer is empty. */
  readonly answer?: AnswerName
}

const INSTANCES = '/v1/admin/instances'
const INSTANCE = `${INSTANCES}/:account/:region/:instance`
const BANS = '/v1/admin/bans'
const BAN = `${BANS}/:kind/:value`

/** Each call, by what it is called in audit events. */
export const OPERATOR_CALLS: Readonly<Record<AdminAction, OperatorCall>> = {
  list: {
    method: 'GET',
    path: INSTANCES,
    scope: 'read',
    summary: 'A page of the instances',
    answer: 'InstancePage',
  },
  show: {
    method: 'GET',
    path: INSTANCE,
    scope: 'read',
    summary: 'An instance',
    answer: 'Instance',
  },
  reset: {
    method: 'POST',
    path: `${INSTANCE}/reset`,
    scope: 'write',
    summary: 'Open one fresh enrollment',
    answer: 'Instance',
  },
  revoke: {
    method: 'POST',
    path: `${INSTANCE}/revoke`,
    scope: 'write',
    summary: 'Revoke all tokens of an instance',
    answer: 'Instance',
  },
  forget: {
    method: 'DELETE',
    path: INSTANCE,
    scope: 'write',
    summary: 'Revoke all tokens of an instance, and forget it',
    answer: 'Instance',
  },
  list_bans: {
    method: 'GET',
    path: BANS,
    scope: 'read',
    summary: 'A page of the bans',
    answer: 'BanPage',
  },
  ban: {
    method: 'PUT',
    path: BAN,
    scope: 'write',
    summary: 'Ban an account, an image or an instance',
    request: 'BanRequest',
    answer: 'Ban',
  },
  unban: { method: 'DELETE', path: BAN, scope: 'write', summary: 'Lift a ban', answer: 'Banned' },
  introspect: {
    method: 'POST',
    path: '/v1/introspect',
    scope: 'introspect',
    summary: 'Is a token good? (RFC 7662)',
    request: 'IntrospectRequest',
    answer: 'Introspection',
  },
  revoke_token: {
    method: 'POST',
    path: '/v1/revoke',
    scope: 'write',
    summary: 'Revoke a token (RFC 7009)',
    request: 'RevokeRequest',
  },
}
