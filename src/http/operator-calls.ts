// The calls of operators, one line each: what the app routes and `openapi.json` describes.

import type { AdminAction } from './audit.ts'
import { OPERATOR_SCHEMAS } from './schemas.ts'

/** One call. */
export interface OperatorCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Hono's pattern. */
  readonly path: string
  readonly summary: string
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
  summary: string,
  request?: keyof typeof OPERATOR_SCHEMAS,
): OperatorCall => ({ method, path, summary, ...(request && { request }) })

/** Each call, by what it is called in audit events. */
export const OPERATOR_CALLS: Readonly<Record<AdminAction, OperatorCall>> = {
  list: call('GET', INSTANCES, 'A page of the instances'),
  show: call('GET', INSTANCE, 'An instance'),
  reset: call('POST', `${INSTANCE}/reset`, 'Open one fresh enrollment'),
  revoke: call('POST', `${INSTANCE}/revoke`, 'Revoke all tokens of an instance'),
  forget: call('DELETE', INSTANCE, 'Revoke all tokens of an instance, and forget it'),
  list_bans: call('GET', BANS, 'A page of the bans'),
  ban: call('PUT', BAN, 'Ban an account, an image or an instance', 'BanRequest'),
  unban: call('DELETE', BAN, 'Lift a ban'),
  introspect: call('POST', '/v1/introspect', 'Is a token good? (RFC 7662)', 'IntrospectRequest'),
  revoke_token: call('POST', '/v1/revoke', 'Revoke a token (RFC 7009)', 'RevokeRequest'),
}
