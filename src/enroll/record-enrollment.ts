// The record of an instance in the ledger: read before its challenge is spent, and changed by
// compare-and-set once everything else has let the enrollment pass.

import type { Ledger } from '../ledger/ledger.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import { type Change, changeEntry } from './change-entry.ts'
import type { Refusal } from './enrollment.ts'
import { type Candidate, applyFirstUse } from './first-use.ts'
import {
  type InstanceRecord,
  decodeRecords,
  encodeRecords,
  instanceKey,
  recordOf,
  withRecord,
} from './instance-record.ts'

/** An instance's entry as it was read. */
export interface KnownInstance {
  readonly value: string | undefined
  readonly record: InstanceRecord
}

/** Reads the record of an instance. @throws LedgerUnavailableError */
export const readInstance = async (
  ledger: Ledger,
  identity: InstanceIdentity,
  now: number,
): Promise<KnownInstance> => {
  const value = await ledger.read(instanceKey(identity), now)
  return { value, record: recordOf(decodeRecords(value), identity.serialNumber) }
}

/** What an enrollment makes of an instance's entry, or why it is refused. */
const enrolled = (
  value: string | undefined,
  serialNumber: string,
  candidate: Candidate,
): Change<Refusal | undefined> => {
  const records = decodeRecords(value)
  const before = recordOf(records, serialNumber)
  const after = applyFirstUse(before, candidate)
  if (after === 'challenge_before_reset' || after === 'enrollment_revoked') {
    return { result: { code: 'invalid_evidence', reason: after } }
  }
  if (typeof after === 'string') {
    const rule = `roles.${candidate.role.name}.reenrollment`
    return { result: { code: 'not_admitted', reason: after, rule } }
  }
  const next = { value: encodeRecords(withRecord(records, after)) }
  return { result: undefined, ...(after !== before && { next }) }
}

/**
 * Applies the first-use rule and stores what it gives, in one atomic change of the entry. A retry may
 * have nothing to store, and so nothing that would notice a change: it looks at the entry anew.
 * @param known the entry as it was read before
 * @returns why the instance is refused, or `undefined` once its record is safe
 * @throws LedgerUnavailableError
 */
export const recordEnrollment = async (
  ledger: Ledger,
  identity: InstanceIdentity,
  known: KnownInstance,
  candidate: Candidate,
): Promise<Refusal | undefined> => {
  const { now, spent } = candidate
  const { value } = spent.retry ? await readInstance(ledger, identity, now) : known
  return changeEntry(ledger, instanceKey(identity), value, now, (present) =>
    enrolled(present, identity.serialNumber, candidate),
  )
}
