// The calls of operators, one line each: what the app routes and `openapi.json` describes.

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
}

const INSTANCES = '/v1/admin/instances'
const INSTANCE = `${INSTANCES}/:account/:region/:instance`
const BANS = '/v1/admin/bans'
const BAN = `${BANS}/:kind/:value`

const call = (
  method: OperatorCall['method'],
  path: string,
  scope: OperatorScope,
  summary: string,
  request?: keyof typeof OPERATOR_SCHEMAS,
): OperatorCall => ({ method, path, scope, summary, ...(request && { request }) })

/** Each call, by what it is called in audit events. */
export const OPERATOR_CALLS: Readonly<Record<AdminAction, OperatorCall>> = {
  list: call('GET', INSTANCES, 'read', 'A page of the instances'),
  show: call('GET', INSTANCE, 'read', 'An instance'),
  reset: call('POST', `${INSTANCE}/reset`, 'write', 'Open one fresh enrollment'),
  revoke: call('POST', `${INSTANCE}/revoke`, 'write', 'Revoke all tokens of an instance'),
  forget: call('DELETE', INSTANCE, 'write', 'Revoke all tokens of an instance, and forget it'),
  list_bans: call('GET', BANS, 'read', 'A page of the bans'),
  ban: call('PUT', BAN, 'write', 'Ban an account, an image or an instance', 'BanRequest'),
  unban: call('DELETE', BAN, 'write', 'Lift a ban'),
  introspect: call(
    'POST',
    '/v1/introspect',
    'introspect',
    'Is a token good? (RFC 7662)',
    'IntrospectRequest',
  ),
  revoke_token: call('POST', '/v1/revoke', 'write', 'Revoke a token (RFC 7009)', 'RevokeRequest'),
}
