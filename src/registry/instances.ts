// What operators do with the records of instances. Each is one atomic change of one entry, and repeating it
// changes nothing more.

import { type Result, accept } from '../base/result.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { changeEntry } from './change-entry.ts'
import {
  INSTANCE_KIND,
  type InstanceName,
  type InstanceRecord,
  decodeRecords,
  encodeRecords,
  instanceKey,
  instanceNameOf,
} from './instance-record.ts'
import { type Page, type PageRefusal, type PageRequest, listEntries } from './page.ts'
import { outlivedAt } from './lifetimes.ts'

/** An instance that has enrolled, with its record. */
export interface EnrolledInstance extends InstanceName, InstanceRecord {}

/** Whether an instance has enrolled. After `forget` it has not, and its record only rejects old evidence. */
const isKnown = ({ count }: InstanceRecord): boolean => count > 0

const instancesOf = (name: InstanceName, value: string | undefined): EnrolledInstance[] =>
  decodeRecords(value)
    .filter(isKnown)
    .map((record) => ({ ...name, ...record }))

/**
 * Lists instances, in an order of the ledger's own.
 * @throws LedgerUnavailableError
 */
export const listInstances = async (
  ledger: Ledger,
  page: PageRequest,
  now: number,
): Promise<Result<Page<EnrolledInstance>, PageRefusal>> => {
  const listed = await listEntries(ledger, INSTANCE_KIND, page, now)
  if (!listed.ok) return listed
  const { entries, cursor } = listed.value
  const items = entries.flatMap(({ key, value }) => instancesOf(instanceNameOf(key), value))
  return accept({ items, cursor })
}

/** Of instances with one id and different serial numbers, the latest to enroll. */
const latestOf = (instances: readonly EnrolledInstance[]): EnrolledInstance | undefined =>
  instances.toSorted((a, b) => b.lastAt - a.lastAt)[0]

/** Finds an instance. @throws LedgerUnavailableError */
export const findInstance = async (
  ledger: Ledger,
  name: InstanceName,
  now: number,
): Promise<EnrolledInstance | undefined> =>
  latestOf(instancesOf(name, await ledger.read(instanceKey(name), now)))

type RecordChange = (record: InstanceRecord, now: number) => InstanceRecord

/**
 * Allows one new first enrollment. An enrollment that began before cannot complete: the generation rejects
 * evidence that was spent, whatever the clocks say, and the time of the reset rejects unused challenges.
 */
export const resetRecord: RecordChange = (record, now) => ({
  ...record,
  generation: record.generation + 1,
  resetAt: Math.max(record.resetAt, now),
  jkt: undefined,
  jti: undefined,
})

/** The time until which tokens are revoked: all that were issued, also by a clock that is ahead. */
const revokeUntil = ({ revokedUntil, lastAt }: InstanceRecord, now: number): number =>
  Math.max(revokedUntil, lastAt, now)

/** Revokes all tokens that were issued until now. */
export const revokeRecord: RecordChange = (record, now) => ({
  ...record,
  revokedUntil: revokeUntil(record, now),
})

/** Revokes all tokens, and deletes all but the members that reject old evidence. */
export const forgetRecord: RecordChange = (record, now) => ({
  ...record,
  generation: record.generation + 1,
  count: 0,
  firstAt: 0,
  lastAt: 0,
  revokedUntil: revokeUntil(record, now),
  resetAt: Math.max(record.resetAt, now),
  role: undefined,
  imageId: undefined,
  privateIpv4: undefined,
  jkt: undefined,
  jti: undefined,
})

/**
 * Changes the record of an instance, in one atomic change.
 * @param clock Unix seconds; read when the change is made, and again for each new attempt
 * @returns the instance after the change; `undefined` if it is not known, and nothing was changed
 * @throws LedgerUnavailableError
 */
export const changeInstance = async (
  ledger: Ledger,
  name: InstanceName,
  change: RecordChange,
  clock: () => number,
): Promise<EnrolledInstance | undefined> => {
  const key = instanceKey(name)
  return changeEntry(ledger, key, await ledger.read(key, clock()), clock(), (value) => {
    const now = clock()
    const records = decodeRecords(value)
    if (!records.some(isKnown)) return { result: undefined }
    const after = records.map((record) => (isKnown(record) ? change(record, now) : record))
    // An entry that only rejects old evidence expires when all of that evidence and its tokens have.
    const expiresAt = after.some(isKnown) ? undefined : outlivedAt(now)
    const next = { value: encodeRecords(after), expiresAt }
    return { result: latestOf(after.map((record) => ({ ...name, ...record }))), next }
  })
}
