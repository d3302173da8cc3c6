// The first-use rule: may an instance that has enrolled enroll again? Pure: from the
// record before and the enrollment it makes the record after, or a refusal. No I/O, no clock.

import { type Result, accept, refuse } from '../base/result.ts'
import type { Role } from '../policy/policy.ts'
import type { InstanceRecord } from '../registry/instance-record.ts'
import type { Spent } from '../registry/spend.ts'

/** Why an instance may not enroll again; codes for the audit event. */
export type FirstUseRefusal =
  /** `never`: the instance has enrolled. */
  | 'already_enrolled'
  /** `same_key`: the key differs from the key of the first enrollment, in any role. */
  | 'key_not_the_first'
  /** `new_image`: the image is still the same, or the challenge is not newer than the latest enrollment. */
  | 'image_not_new'

/** Why evidence is no longer accepted although it was valid when it was spent. */
export type SupersededEvidence =
  /** An operator has reset the instance since. */
  | 'challenge_before_reset'
  /** An operator has revoked the tokens of the instance since, or this one. */
  | 'enrollment_revoked'

/** An enrollment that the policy lets pass. */
export interface Applicant {
  readonly role: Pick<Role, 'name' | 'reenrollment'>
  readonly imageId: string
  readonly privateIpv4: string
  /** Thumbprint of the key that was proved; absent without a proof. */
  readonly jkt: string | undefined
  /** Unix seconds at which its challenge was made. */
  readonly madeAt: number
  /** The `jti` that its challenge gives. */
  readonly jti: string
  /** Unix seconds. */
  readonly now: number
}

/** An applicant whose challenge is spent: only the record can still refuse it. */
export interface Candidate extends Applicant {
  readonly spent: Spent
}

/** Why the record of an instance does not let it enroll. */
export type RecordRefusal = FirstUseRefusal | SupersededEvidence

/** The record that lets an enrollment pass, or why it doesn't. */
type Judged<Refusal> = Result<InstanceRecord, Refusal>

const applyRule = (
  record: InstanceRecord,
  { role, imageId, jkt, madeAt }: Applicant,
): Judged<FirstUseRefusal> => {
  switch (role.reenrollment) {
    case 'always':
      return accept(record)
    case 'never':
      return refuse('already_enrolled')
    case 'same_key':
      return jkt === undefined || jkt !== record.jkt ? refuse('key_not_the_first') : accept(record)
    case 'new_image':
      // Evidence of an earlier image may have been kept unused. Its challenge is no younger than the latest
      // enrollment, so it can't undo a redeploy; the second of that enrollment counts as earlier.
      return imageId === record.imageId || madeAt <= record.lastAt
        ? refuse('image_not_new')
        : accept(record)
  }
}

/**
 * Checks what the record alone can refuse, before the challenge is spent. A retry of the latest enrollment passes:
 * its challenge gives the `jti` of the record. The rule is applied again when the record is changed.
 */
export const checkRecord = (
  record: InstanceRecord,
  applicant: Applicant,
): Judged<RecordRefusal> => {
  // A challenge from the second of the reset too: which of the two came first is unknown.
  if (applicant.madeAt <= record.resetAt) return refuse('challenge_before_reset')
  const isFirst = record.jti === undefined
  return isFirst || record.jti === applicant.jti ? accept(record) : applyRule(record, applicant)
}

/**
 * Whether a role lets an instance that it has just admitted enroll again as it is now: with the same image, and
 * with the key that it has proved.
 */
export const isRenewable = (
  record: Pick<InstanceRecord, 'jkt'>,
  { role, jkt }: Pick<Applicant, 'role' | 'jkt'>,
): boolean =>
  role.reenrollment === 'always' ||
  (role.reenrollment === 'same_key' && jkt !== undefined && jkt === record.jkt)

/**
 * Applies the rule of a role to the record of an instance.
 * @returns the record to store; the one that is there, if there is nothing to store
 */
export const applyFirstUse = (
  record: InstanceRecord,
  candidate: Candidate,
): Judged<RecordRefusal> => {
  const { role, imageId, privateIpv4, jkt, spent, now } = candidate
  if (spent.generation !== record.generation) return refuse('challenge_before_reset')
  const checked = checkRecord(record, candidate)
  if (!checked.ok && checked.refusal === 'challenge_before_reset') return checked
  if (spent.issuedAt <= record.revokedUntil) return refuse('enrollment_revoked')
  // A retry: the record is the one that this enrollment has written.
  if (record.jti === spent.jti) return accept(record)
  if (!checked.ok) return checked
  const isFirst = record.jti === undefined
  // Evidence that was spent before a later enrollment is not newer than it, whatever its image.
  if (!isFirst && role.reenrollment === 'new_image' && spent.count !== record.count) {
    return refuse('image_not_new')
  }
  // The latest `iat` by any isolate's clock: a revocation covers all that was issued until it.
  const lastAt = Math.max(record.lastAt, spent.issuedAt)
  // A retry after a later enrollment adds nothing else to the record. (`spent.count` is
  // never larger: counts only grow.)
  if (spent.retry && spent.count < record.count) {
    return accept(lastAt === record.lastAt ? record : { ...record, lastAt })
  }
  return accept({
    ...record,
    count: record.count + 1,
    firstAt: record.firstAt || now,
    lastAt,
    role: role.name,
    imageId,
    privateIpv4,
    // The key of the first enrollment stays, whatever role comes later. Otherwise a role with another rule could
    // replace the key, and lock out the first one.
    jkt: isFirst ? jkt : record.jkt,
    jti: spent.jti,
  })
}
