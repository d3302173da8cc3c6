// The record of an instance: that it has enrolled, in which role, and what may happen next. The key of an
// entry has account, region and instance id. Its value has one record for each serial number, nearly
// always one: the four together name an instance.

import { encodeStored } from '../base/stored-format.ts'
import { decodeStored } from './format.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'

/** The part of an instance's name that addresses it. */
export type InstanceName = Pick<InstanceIdentity, 'ownerAccountId' | 'regionId' | 'instanceId'>

/** The record of one instance. */
export interface InstanceRecord {
  readonly serialNumber: string
  /** Each reset adds 1: an enrollment that began in an earlier generation cannot complete. */
  readonly generation: number
  /** Enrollments so far; 0 after `forget`. */
  readonly count: number
  /** Unix seconds of the first and of the latest enrollment. */
  readonly firstAt: number
  readonly lastAt: number
  /** Unix seconds: tokens with an `iat` up to this one are revoked; 0 for none. */
  readonly revokedUntil: number
  /** Unix seconds of the latest reset: challenges made before it are rejected; 0 for none. */
  readonly resetAt: number
  /** Role and image of the latest enrollment. */
  readonly role: string | undefined
  readonly imageId: string | undefined
  /** Address at the latest enrollment. */
  readonly privateIpv4: string | undefined
  /** Thumbprint of the key of this generation's first enrollment; absent without a key. */
  readonly jkt: string | undefined
  /** `jti` of this generation's latest enrollment; absent: the next one is a first enrollment. */
  readonly jti: string | undefined
}

/** The record of an instance that has never enrolled. */
export const unknownInstance = (serialNumber: string): InstanceRecord => ({
  serialNumber,
  generation: 0,
  count: 0,
  firstAt: 0,
  lastAt: 0,
  revokedUntil: 0,
  resetAt: 0,
  role: undefined,
  imageId: undefined,
  privateIpv4: undefined,
  jkt: undefined,
  jti: undefined,
})

/** The kind of the entries of instances. */
export const INSTANCE_KIND = 'instance'

/** The key of an instance's entry: `acs` is the cloud, as in a token's `sub`. */
export const instanceKey = ({ ownerAccountId, regionId, instanceId }: InstanceName): string =>
  `${INSTANCE_KIND}:acs/${ownerAccountId}/${regionId}/${instanceId}`

/** The name in a key that {@link instanceKey} made. */
export const instanceNameOf = (key: string): InstanceName => {
  const [, , ownerAccountId = '', regionId = '', instanceId = ''] = key.split(/[:/]/)
  return { ownerAccountId, regionId, instanceId }
}

/**
 * Joined, not written as a template: a text that the engine has put together of pieces is kept as these pieces, and
 * those of a document keep the whole document. An entry stays in memory for as long as its ledger.
 */
const encodeRecord = (it: InstanceRecord): string =>
  [
    it.serialNumber,
    it.generation,
    it.count,
    it.firstAt,
    it.lastAt,
    it.revokedUntil,
    it.resetAt,
    it.role,
    it.imageId,
    it.privateIpv4,
    it.jkt,
    it.jti,
  ].join(' ')

/**
 * One line a record: its members in order with a space between them, an absent one empty. The form is short,
 * because there are many records; no value contains a space.
 */
export const encodeRecords = (records: readonly InstanceRecord[]): string =>
  encodeStored(records.map(encodeRecord).join('\n'))

/** The records of an entry's value; none if there is no entry. @throws LedgerFormatError */
export const decodeRecords = (value: string | undefined): readonly InstanceRecord[] =>
  (value === undefined ? [] : decodeStored(value).split('\n')).map((line) => {
    const [serialNumber = '', ...values] = line.split(' ')
    const [generation, count, firstAt, lastAt, revokedUntil, resetAt, ...texts] = values
    const [role, imageId, privateIpv4, jkt, jti] = texts.map((text) =>
      text === '' ? undefined : text,
    )
    return {
      serialNumber,
      generation: Number(generation),
      count: Number(count),
      firstAt: Number(firstAt),
      lastAt: Number(lastAt),
      revokedUntil: Number(revokedUntil),
      resetAt: Number(resetAt),
      role,
      imageId,
      privateIpv4,
      jkt,
      jti,
    }
  })

/** The record of the instance with a serial number. */
export const recordOf = (
  records: readonly InstanceRecord[],
  serialNumber: string,
): InstanceRecord =>
  records.find((record) => record.serialNumber === serialNumber) ?? unknownInstance(serialNumber)

/** The records with one replaced or added. */
export const withRecord = (
  records: readonly InstanceRecord[],
  record: InstanceRecord,
): readonly InstanceRecord[] => [
  ...records.filter(({ serialNumber }) => serialNumber !== record.serialNumber),
  record,
]
