// Standing: whether a token that verifies is still worth anything. The one place that asks the ledger for it;
// introspection, exchange, authorization and certificates all use it.

import { type Result, accept, refuse } from '../base/result.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { findBan } from './bans.ts'
import { isForgotten } from '../ledger/forgotten.ts'
import {
  type InstanceName,
  type InstanceRecord,
  decodeRecords,
  instanceKey,
  recordOf,
} from './instance-record.ts'
import { isRevoked } from './revocation.ts'
import { settle } from './settle.ts'

/** The instance and the enrollment that a token stands for. */
export interface StandingSubject extends InstanceName {
  readonly imageId: string
  readonly serialNumber: string
  /** `jti` of the token. */
  readonly jti: string
  /** `jti` of the enrollment token that an exchanged token was made from; absent on an enrollment token. */
  readonly enrollmentJti?: string | undefined
  /** Unix seconds: the `iat` of the enrollment token. */
  readonly enrolledAt: number
}

/** Why a token has no standing; codes for the audit event. */
export type StandingRefusal =
  /** It was revoked alone, or with all tokens of its instance. */
  | 'token_revoked'
  /** Its instance was reset since it enrolled. */
  | 'token_before_reset'
  /** Its account, image or instance is banned. */
  | 'banned'
  /** It was issued before the ledger began: a revocation or a ban of then may be lost. */
  | 'token_before_ledger'

/**
 * Asks the ledger whether a token is in standing, in one trip.
 * @param subject read from the claims of a token whose signature, issuer and life were checked
 * @param now Unix seconds
 * @returns the record of the instance
 * @throws LedgerUnavailableError
 */
export const checkStanding = async (
  ledger: Ledger,
  subject: StandingSubject,
  now: number,
): Promise<Result<InstanceRecord, StandingRefusal>> => {
  const { jti, enrollmentJti, enrolledAt, serialNumber } = subject
  const [revoked, enrollmentRevoked, banned, records] = await settle([
    isRevoked(ledger, jti, now),
    enrollmentJti === undefined ? Promise.resolve(false) : isRevoked(ledger, enrollmentJti, now),
    findBan(ledger, subject, now),
    ledger.read(instanceKey(subject), now),
  ])
  // After the reads: they may have come from a ledger that began meanwhile.
  if (isForgotten(ledger, enrolledAt)) return refuse('token_before_ledger')
  const record = recordOf(decodeRecords(records), serialNumber)
  if (revoked || enrollmentRevoked || enrolledAt <= record.revokedUntil) {
    return refuse('token_revoked')
  }
  if (enrolledAt <= record.resetAt) return refuse('token_before_reset')
  return banned === undefined ? accept(record) : refuse('banned')
}
