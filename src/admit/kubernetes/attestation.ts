// What attests a node that asks for a certificate: the token that it showed to the API server, or the record of its
// instance. Pure.

import { parseIpv4 } from '../../base/ipv4.ts'
import { type Result, accept, refuse } from '../../base/result.ts'
import type { CsrObject } from './csr-object.ts'
import type { CsrReason, CsrRefusal } from './csr-reasons.ts'
import { nodeExtraKeys } from './node-user.ts'

/** What rollcall has recorded about the instance of a node. */
export interface NodeRecord {
  /** The name that the template gives for the instance. */
  readonly nodeName: string
  /** The address at the latest enrollment. */
  readonly address: string
  /** Unix seconds of the latest enrollment. */
  readonly enrolledAt: number
  /** Whether an operator has reset, revoked or banned the instance since. */
  readonly isRevoked: boolean
}

/** Why there is no record. */
export type RecordProblem = 'NotEnrolled' | 'ServiceUnavailable'

/** What decides which attestation is needed. */
export interface AttestationRules {
  /** The URL of the service. */
  readonly issuer: string
  /**
   * Whether each node needs a record that is not revoked, so that a ban stops its requests at once. Default: only a node
   * that showed the API server no token in the last hour needs one.
   */
  readonly needsRecord?: boolean | undefined
}

/** What is known at the time of a decision. */
export interface AttestationFacts {
  /** Unix seconds. */
  readonly now: number
  /** The record of the node's instance. Absent: rollcall was not asked. */
  readonly record?: NodeRecord | RecordProblem | undefined
}

/** How old a record may be, in seconds: the address of an instance that is gone may be another's by then. */
const MAX_RECORD_AGE_SECONDS = 3600

/**
 * For how many seconds the address of a user counts after the request was made: the longest lifetime of a token that the
 * printed AuthenticationConfiguration takes. The request itself may stay pending for a day.
 */
const MAX_EXTRA_AGE_SECONDS = 3600

/** The form in which an API server writes times. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

const no = (reason: CsrReason, message: string): Result<never, CsrRefusal> =>
  refuse({ reason, message })

/** The one address that the API server stored with the request, from the token of rollcall that the user showed. */
export const addressInExtra = (
  { extra }: Pick<CsrObject, 'extra'>,
  { issuer }: AttestationRules,
): string | undefined => {
  const { addresses } = nodeExtraKeys(issuer)
  const [address, ...more] = extra[addresses] ?? []
  const isOne = address !== undefined && more.length === 0 && parseIpv4(address) !== undefined
  return isOne ? address : undefined
}

/** Seconds since a request was made; `NaN` if that is not known. */
const ageOf = ({ createdAt }: CsrObject, now: number): number =>
  TIME.test(createdAt) ? now - Date.parse(createdAt) / 1000 : Number.NaN

/** Whether the API server took the user's token lately. A time that is missing or to come is not. */
const isRecent = (csr: CsrObject, now: number): boolean => {
  const age = ageOf(csr, now)
  return age >= 0 && age <= MAX_EXTRA_AGE_SECONDS
}

/**
 * Whether the token of the user attests the node, now or later. If not, only a record does: the user of a request never
 * changes.
 */
export const canTokenAttest = (csr: CsrObject, now: number, rules: AttestationRules): boolean =>
  addressInExtra(csr, rules) !== undefined && ageOf(csr, now) <= MAX_EXTRA_AGE_SECONDS

const whyUnknown = (inExtra: string | undefined, fresh: string | undefined): string => {
  if (inExtra === undefined)
    return 'The API server stored no attested address with the request, and rollcall was not asked for a record'
  return fresh === undefined
    ? 'The address of a token counts for an hour after the request, and rollcall was not asked for a record'
    : 'rollcall was not asked for the record of the instance'
}

const addressInRecord = (
  name: string,
  record: NodeRecord | RecordProblem,
  now: number,
  fresh: string | undefined,
): Result<string, CsrRefusal> => {
  if (record === 'ServiceUnavailable') {
    return no(record, 'rollcall could not be asked for the record of the instance')
  }
  if (record === 'NotEnrolled' || record.nodeName !== name) {
    return no('NotEnrolled', `rollcall has no record of an instance with the node name ${name}`)
  }
  if (record.isRevoked) {
    return no(
      'RecordRevoked',
      'An operator reset, revoked or banned the instance after it enrolled',
    )
  }
  // A token of the last hour says that the instance still has the address of an older record.
  if (record.address !== fresh && now - record.enrolledAt > MAX_RECORD_AGE_SECONDS) {
    const minutes = Math.floor((now - record.enrolledAt) / 60)
    return no(
      'RecordTooOld',
      `The instance enrolled ${minutes} minutes ago; at most 60 are allowed`,
    )
  }
  return accept(record.address)
}

/**
 * The address that is attested for the node that sent a request. Without one, nothing else in the request is attested
 * either: the name in the user may be from another authority, such as a bootstrap token.
 * @param name the name of the node, from `requestingNode()`
 * @returns the address; refused with `AddressUnknown` if `facts.record` is needed
 */
export const attestedAddress = (
  csr: CsrObject,
  name: string,
  { now, record }: AttestationFacts,
  rules: AttestationRules,
): Result<string, CsrRefusal> => {
  const inExtra = addressInExtra(csr, rules)
  const fresh = isRecent(csr, now) ? inExtra : undefined
  if (fresh !== undefined && rules.needsRecord !== true) return accept(fresh)
  if (record === undefined) return no('AddressUnknown', whyUnknown(inExtra, fresh))
  return addressInRecord(name, record, now, fresh)
}
