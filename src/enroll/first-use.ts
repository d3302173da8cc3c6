// The first-use rule: may an instance that has enrolled enroll again? Pure: the record before and the
// enrollment come in, the record after or a refusal comes out. No I/O, no clock.

import type { Role } from '../policy/policy.ts'
import type { InstanceRecord } from './instance-record.ts'
import type { Spent } from './spend.ts'

/** Why an instance may not enroll again; codes for the audit event. */
export type FirstUseRefusal =
  /** `never`: it has enrolled. */
  | 'already_enrolled'
  /** `same_key`: the key is not that of its first enrollment. */
  | 'key_not_the_first'
  /** `new_image`: the image is that of its latest enrollment. */
  | 'image_not_new'

/** Why evidence that was good when it was spent is good no longer. */
export type SupersededEvidence =
  /** An operator has reset the instance since. */
  | 'challenge_before_reset'
  /** An operator has revoked the tokens of the instance since, or this one. */
  | 'enrollment_revoked'

/** An enrollment that all else lets pass. */
export interface Candidate {
  readonly role: Pick<Role, 'name' | 'reenrollment'>
  readonly imageId: string
  /** Thumbprint of the key that was proved; absent without a proof. */
  readonly jkt: string | undefined
  /** Unix seconds at which its challenge was made. */
  readonly madeAt: number
  readonly spent: Spent
  /** Unix seconds. */
  readonly now: number
}

/** What the rule says: the record to store (the one that is there, if there is nothing to store). */
export type FirstUse = InstanceRecord | FirstUseRefusal | SupersededEvidence

const refusalOf = (
  record: InstanceRecord,
  { role, imageId, jkt, spent }: Candidate,
): FirstUseRefusal | undefined => {
  switch (role.reenrollment) {
    case 'always':
      return undefined
    case 'never':
      return 'already_enrolled'
    case 'same_key':
      return jkt === undefined || jkt !== record.jkt ? 'key_not_the_first' : undefined
    case 'new_image':
      // Evidence spent before a later enrollment is not newer than that one, whatever its image.
      return imageId === record.imageId || spent.count !== record.count
        ? 'image_not_new'
        : undefined
  }
}

/** Applies the rule of a role to the record of an instance. */
export const applyFirstUse = (record: InstanceRecord, candidate: Candidate): FirstUse => {
  const { role, imageId, jkt, madeAt, spent, now } = candidate
  if (spent.generation !== record.generation) return 'challenge_before_reset'
  if (madeAt < record.resetAt) return 'challenge_before_reset'
  if (spent.issuedAt <= record.revokedUntil) return 'enrollment_revoked'
  // Its own retry: what it enrolled is what is there.
  if (record.jti === spent.jti) return record

  const first = record.jti === undefined
  const refusal = first ? undefined : refusalOf(record, candidate)
  if (refusal !== undefined) return refusal
  // The latest `iat` by any isolate's clock: a revocation covers all that was issued until it.
  const lastAt = Math.max(record.lastAt, spent.issuedAt)
  // A retry that comes after a later enrollment has nothing else to add to it. (Never the other way round:
  // a record of before the challenge was spent would be one that has changed since.)
  if (spent.retry && spent.count < record.count) {
    return lastAt === record.lastAt ? record : { ...record, lastAt }
  }
  return {
    ...record,
    count: record.count + 1,
    firstAt: record.firstAt || now,
    lastAt,
    role: role.name,
    imageId,
    jkt: first || role.reenrollment === 'new_image' ? jkt : record.jkt,
    jti: spent.jti,
  }
}
