// What the address of an operator's call says: which instance, which ban, which page.

import { matchesField } from '../../codec/identity-document.ts'
import { BANNABLE, BAN_KINDS, type Ban } from '../../registry/bans.ts'
import type { InstanceName } from '../../registry/instance-record.ts'
import type { PageRequest } from '../../registry/page.ts'
import { RequestError, invalidRequest } from '../request/request-error.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** What a ban names. */
export type Banned = Pick<Ban, 'kind' | 'value'>

/** The part of a list that a query asks for. @throws RequestError `invalid_request` */
export const pageOf = (parameters: URLSearchParams): PageRequest => {
  const query = [...parameters]
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

/** The values of a path, by the names of its parts. */
export type PathValues = Readonly<Record<string, string>>

/** A part of the path that must be like a field of a document. */
const pathField = (values: PathValues, name: string, field: string): string => {
  const value = values[name] ?? ''
  if (matchesField(field, value)) return value
  throw invalidRequest('field_malformed', `The address does not have a ${field} where one belongs`)
}

const instanceOf = (values: PathValues): InstanceName => ({
  ownerAccountId: pathField(values, 'account', 'owner-account-id'),
  regionId: pathField(values, 'region', 'region-id'),
  instanceId: pathField(values, 'instance', 'instance-id'),
})

const bannedOf = (values: PathValues): Banned => {
  const kind = BAN_KINDS.find((known) => known === values['kind'])
  if (kind === undefined) throw new RequestError('not_found', 'field_unknown')
  return { kind, value: pathField(values, 'value', BANNABLE[kind][1].replaceAll('_', '-')) }
}

/** What a path names, by the parts that it has. */
export type SubjectOf<Path extends string> = Path extends `${string}/:instance${string}`
  ? InstanceName
  : Path extends `${string}/:kind/:value`
    ? Banned
    : undefined

/** Reads what a path names. @throws RequestError `not_found`, `invalid_request` */
export const subjectOf = (path: string, values: PathValues): InstanceName | Banned | undefined => {
  if (path.includes('/:instance')) return instanceOf(values)
  return path.endsWith('/:kind/:value') ? bannedOf(values) : undefined
}
