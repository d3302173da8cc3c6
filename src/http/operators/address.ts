// What the address of an operator's call says: which instance, which ban, which page.

import type { Context } from 'hono'
import { matchesField } from '../../codec/identity-document.ts'
import { BANNABLE, BAN_KINDS, type Ban } from '../../registry/bans.ts'
import type { InstanceName } from '../../registry/instance-record.ts'
import type { PageRequest } from '../../registry/page.ts'
import type { Env } from '../audited.ts'
import { RequestError, invalidRequest } from '../request/request-error.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** The part of a list that a query asks for. @throws RequestError `invalid_request` */
export const pageOf = (context: Context<Env>): PageRequest => {
  const query = [...new URL(context.req.url).searchParams]
  const { cursor, limit = String(DEFAULT_LIMIT), ...others } = Object.fromEntries(query)
  const known = Object.keys(others).length === 0 && query.length <= 2
  const repeated = query.length === 2 && query[0]?.[0] === query[1]?.[0]
  if (!known || repeated || !/^[1-9][0-9]{0,3}$/.test(limit) || Number(limit) > MAX_LIMIT) {
    throw invalidRequest(
      'field_malformed',
      `The parameters are cursor and limit, once each; limit is from 1 to ${MAX_LIMIT}`,
    )
  }
  return { cursor, limit: Number(limit) }
}

/** A part of the path that must be like a field of a document. */
const pathField = (context: Context<Env>, name: string, field: string): string => {
  const value = context.req.param(name) ?? ''
  if (matchesField(field, value)) return value
  throw invalidRequest('field_malformed', `The address does not have a ${field} where one belongs`)
}

/** The instance that a path names. @throws RequestError `invalid_request` */
export const nameOf = (context: Context<Env>): InstanceName => ({
  ownerAccountId: pathField(context, 'account', 'owner-account-id'),
  regionId: pathField(context, 'region', 'region-id'),
  instanceId: pathField(context, 'instance', 'instance-id'),
})

/** What a path names to be banned. @throws RequestError `not_found`, `invalid_request` */
export const bannedOf = (context: Context<Env>): Pick<Ban, 'kind' | 'value'> => {
  const kind = BAN_KINDS.find((known) => known === context.req.param('kind'))
  if (kind === undefined) throw new RequestError('not_found', 'field_unknown')
  return { kind, value: pathField(context, 'value', BANNABLE[kind][1].replaceAll('_', '-')) }
}
