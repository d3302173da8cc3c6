// What the address of an operator's call says: which instance, which ban, which page.

import { type Result, accept, refuse } from '../../base/result.ts'
import { matchesField } from '../../codec/identity-document.ts'
import { BANNABLE, BAN_KINDS, type Ban } from '../../registry/bans.ts'
import type { InstanceName } from '../../registry/instance-record.ts'
import type { PageRequest } from '../../registry/page.ts'
import { type RequestRefusal, invalidRequest } from '../request/request-refusal.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** What a ban names. */
export type Banned = Pick<Ban, 'kind' | 'value'>

/** The part of a list that a query asks for. */
export const pageOf = (parameters: URLSearchParams): Result<PageRequest, RequestRefusal> => {
  const query = [...parameters]
  const { cursor, limit = String(DEFAULT_LIMIT), ...others } = Object.fromEntries(query)
  const known = Object.keys(others).length === 0 && query.length <= 2
  const repeated = query.length === 2 && query[0]?.[0] === query[1]?.[0]
  if (!known || repeated || !/^[1-9][0-9]{0,3}$/.test(limit) || Number(limit) > MAX_LIMIT) {
    return invalidRequest(
      'field_malformed',
      `The parameters are cursor and limit, once each; limit is from 1 to ${MAX_LIMIT}`,
    )
  }
  return accept({ cursor, limit: Number(limit) })
}

/** The values of a path, by the names of its parts. */
export type PathValues = Readonly<Record<string, string>>

/** A part of the path that must be like a field of a document. */
const pathField = (
  values: PathValues,
  name: string,
  field: string,
): Result<string, RequestRefusal> => {
  const value = values[name] ?? ''
  return matchesField(field, value)
    ? accept(value)
    : invalidRequest('field_malformed', `The address does not have a ${field} where one belongs`)
}

const instanceOf = (values: PathValues): Result<InstanceName, RequestRefusal> => {
  const account = pathField(values, 'account', 'owner-account-id')
  if (!account.ok) return account
  const region = pathField(values, 'region', 'region-id')
  if (!region.ok) return region
  const instance = pathField(values, 'instance', 'instance-id')
  if (!instance.ok) return instance
  return accept({
    ownerAccountId: account.value,
    regionId: region.value,
    instanceId: instance.value,
  })
}

const bannedOf = (values: PathValues): Result<Banned, RequestRefusal> => {
  const kind = BAN_KINDS.find((known) => known === values['kind'])
  if (kind === undefined) return refuse({ code: 'not_found', reason: 'field_unknown' })
  const value = pathField(values, 'value', BANNABLE[kind][1].replaceAll('_', '-'))
  return value.ok ? accept({ kind, value: value.value }) : value
}

/** What a path names, by the parts that it has. */
export type SubjectOf<Path extends string> = Path extends `${string}/:instance${string}`
  ? InstanceName
  : Path extends `${string}/:kind/:value`
    ? Banned
    : undefined

/** Reads what a path names. A kind of ban that does not exist is `not_found`. */
export const subjectOf = (
  path: string,
  values: PathValues,
): Result<InstanceName | Banned | undefined, RequestRefusal> => {
  if (path.includes('/:instance')) return instanceOf(values)
  return path.endsWith('/:kind/:value') ? bannedOf(values) : accept(undefined)
}
