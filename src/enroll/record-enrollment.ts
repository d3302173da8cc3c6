// The record of an instance in the ledger: read before its challenge is spent, and changed by
// compare-and-set once every other check has passed.

import { type Result, refuse } from '../base/result.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import { type Change, changeEntry } from '../registry/change-entry.ts'
import { type Refusal, notAdmitted } from './enrollment.ts'
import {
  type Applicant,
  type Candidate,
  type RecordRefusal,
  applyFirstUse,
  checkRecord,
} from './first-use.ts'
import {
  type InstanceRecord,
  decodeRecords,
  encodeRecords,
  instanceKey,
  recordOf,
  withRecord,
} from '../registry/instance-record.ts'
import { isRevoked } from '../registry/revocation.ts'
import { settle } from '../registry/settle.ts'

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

/** A refusal by the record, for the client and for the audit event. */
const refused = (
  reason: RecordRefusal,
  { role }: Pick<Applicant, 'role'>,
): Result<never, Refusal> =>
  reason === 'challenge_before_reset' || reason === 'enrollment_revoked'
    ? refuse({ code: 'invalid_evidence', reason })
    : notAdmitted(reason, { rule: `roles.${role.name}.reenrollment` })

/** Checks what the record alone can refuse, before anything is spent. */
export const checkInstance = (
  { record }: KnownInstance,
  applicant: Applicant,
): Result<InstanceRecord, Refusal> => {
  // A revocation covers its whole second, so a token issued now would be revoked at once. The client retries.
  if (applicant.now <= record.revokedUntil) {
    return refuse({ code: 'unavailable', reason: 'revoked_just_now' })
  }
  const checked = checkRecord(record, applicant)
  return checked.ok ? checked : refused(checked.refusal, applicant)
}

/** What an enrollment makes of an instance's entry. */
const enrolled = (
  value: string | undefined,
  serialNumber: string,
  candidate: Candidate,
): Change<Result<InstanceRecord, Refusal>> => {
  const records = decodeRecords(value)
  const before = recordOf(records, serialNumber)
  const after = applyFirstUse(before, candidate)
  if (!after.ok) return { result: refused(after.refusal, candidate) }
  const next = { value: encodeRecords(withRecord(records, after.value)) }
  return { result: after, ...(after.value !== before && { next }) }
}

/**
 * Applies the first-use rule and stores what it gives, in one atomic change of the entry. A retry may
 * have nothing to store, so no compare-and-set would catch a concurrent change. It therefore reads the entry
 * again, together with the revocation of its token.
 * @param known the entry as it was read before
 * @returns the record, once it is stored safely
 * @throws LedgerUnavailableError
 */
export const recordEnrollment = async (
  ledger: Ledger,
  identity: InstanceIdentity,
  known: KnownInstance,
  candidate: Candidate,
): Promise<Result<InstanceRecord, Refusal>> => {
  const { now, spent } = candidate
  let { value } = known
  if (spent.retry) {
    const [present, revoked] = await settle([
      readInstance(ledger, identity, now),
      isRevoked(ledger, spent.jti, now),
    ])
    if (revoked) return refused('enrollment_revoked', candidate)
    value = present.value
  }
  return changeEntry(ledger, instanceKey(identity), value, now, (present) =>
    enrolled(present, identity.serialNumber, candidate),
  )
}
