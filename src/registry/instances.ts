// What operators do with the records of instances. Each is one atomic change of one entry, and doing it
// twice does no more than once.

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

/** An instance that has enrolled, and what is remembered of it. */
export interface EnrolledInstance extends InstanceName, InstanceRecord {}

/** A forgotten instance is one of which nothing is known; what is left of its entry only protects. */
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

/** The latest to enroll comes first, of those that share an id but for the serial number. */
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
 * Opens one fresh enrollment: what was begun before can't complete. Evidence that was spent stays spent by
 * the generation, whatever the clocks say; a challenge that nobody has used yet is refused by its time.
 */
export const resetRecord: RecordChange = (record, now) => ({
  ...record,
  generation: record.generation + 1,
  resetAt: Math.max(record.resetAt, now),
  jkt: undefined,
  jti: undefined,
})

/** All that was issued, also by a clock that is ahead of this one. */
const revokeUntil = ({ revokedUntil, lastAt }: InstanceRecord, now: number): number =>
  Math.max(revokedUntil, lastAt, now)

/** Revokes all tokens that were issued until now. */
export const revokeRecord: RecordChange = (record, now) => ({
  ...record,
  revokedUntil: revokeUntil(record, now),
})

/** Revokes, and forgets all but what still protects. */
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
 * @param clock Unix seconds; read when the change is made, and anew if it must be made again
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
    // An entry that only protects is gone once nothing of its time can be left.
    const expiresAt = after.some(isKnown) ? undefined : outlivedAt(now)
    const next = { value: encodeRecords(after), expiresAt }
    return { result: latestOf(after.map((record) => ({ ...name, ...record }))), next }
  })
}
