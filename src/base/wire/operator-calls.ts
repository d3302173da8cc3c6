// The calls of operators, a row each: the service's routes and checks, its handlers' types, `openapi.json`, the
// operators' client, the actions of audit events and the README's table follow from it. Data only.

import type { AnswerName } from './answers.ts'

/** One call. */
export interface OperatorCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** A part that begins with a colon is a value: an instance is `:account/:region/:instance`. */
  readonly path: string
  /** What the operator's key must allow. */
  readonly scope: 'read' | 'write' | 'introspect'
  /** One sentence without a full stop. */
  readonly summary: string
  /** The parameters of the query. Default: the query is not read. */
  readonly query?: readonly ['cursor', 'limit']
  /** The name of its fields' schema. Default: it has no fields. */
  readonly request?: 'BanRequest' | 'IntrospectRequest' | 'RevokeRequest'
  /** The name of its answer's schema. Default: the answer has no body. */
  readonly answer?: AnswerName
}

/** What an operator does: the name of a call, and the `action` of its audit events. */
export type OperatorAction =
  | 'list'
  | 'show'
  | 'reset'
  | 'revoke'
  | 'forget'
  | 'list_bans'
  | 'ban'
  | 'unban'
  | 'introspect'
  | 'revoke_token'

/** Each call by its {@link OperatorAction}; each is an {@link OperatorCall}. */
export const OPERATOR_CALLS = {
  list: {
    method: 'GET',
    path: '/v1/admin/instances',
    scope: 'read',
    summary: 'List instances, one page at a time',
    query: ['cursor', 'limit'],
    answer: 'InstancePage',
  },
  show: {
    method: 'GET',
    path: '/v1/admin/instances/:account/:region/:instance',
    scope: 'read',
    summary: 'Show an instance',
    answer: 'Instance',
  },
  reset: {
    method: 'POST',
    path: '/v1/admin/instances/:account/:region/:instance/reset',
    scope: 'write',
    summary: 'Reset an instance: its next enrollment counts as the first',
    answer: 'Instance',
  },
  revoke: {
    method: 'POST',
    path: '/v1/admin/instances/:account/:region/:instance/revoke',
    scope: 'write',
    summary: 'Revoke all tokens of an instance',
    answer: 'Instance',
  },
  forget: {
    method: 'DELETE',
    path: '/v1/admin/instances/:account/:region/:instance',
    scope: 'write',
    summary: 'Revoke all tokens of an instance and forget it',
    answer: 'Instance',
  },
  list_bans: {
    method: 'GET',
    path: '/v1/admin/bans',
    scope: 'read',
    summary: 'List bans, one page at a time',
    query: ['cursor', 'limit'],
    answer: 'BanPage',
  },
  ban: {
    method: 'PUT',
    path: '/v1/admin/bans/:kind/:value',
    scope: 'write',
    summary: 'Ban an account, an image or an instance',
    request: 'BanRequest',
    answer: 'Ban',
  },
  unban: {
    method: 'DELETE',
    path: '/v1/admin/bans/:kind/:value',
    scope: 'write',
    summary: 'Lift a ban',
    answer: 'Banned',
  },
  introspect: {
    method: 'POST',
    path: '/v1/introspect',
    scope: 'introspect',
    summary: 'Ask whether a token is active (RFC 7662)',
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
} as const

/**
 * The title of the 404 that a call on an instance gets when the service knows no such instance. A service without
 * operators' calls answers 404 too, with another title.
 */
export const UNKNOWN_INSTANCE = 'The service knows no such instance'
