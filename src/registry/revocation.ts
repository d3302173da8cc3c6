// Tokens revoked one by one, by `jti`. (All tokens of an instance: `revokedUntil` of its record.)

import { MAX_TOKEN_LIFETIME_SECONDS } from '../policy/policy.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { checkStored, encodeStored } from './format.ts'
import { MAX_CHALLENGE_LIFETIME_SECONDS } from '../enroll/challenge.ts'

/** For clocks that differ, in seconds. */
const MARGIN_SECONDS = 120

/** When nothing of now can matter any longer: every challenge has expired, and every token of one. */
export const outlivedAt = (now: number): number =>
  now + MAX_CHALLENGE_LIFETIME_SECONDS + MAX_TOKEN_LIFETIME_SECONDS + MARGIN_SECONDS

const revocationKey = (jti: string): string => `revoked:${jti}`

/** Whether a token was revoked by its `jti`. @throws LedgerUnavailableError */
export const isRevoked = async (ledger: Ledger, jti: string, now: number): Promise<boolean> => {
  const value = await ledger.read(revocationKey(jti), now)
  checkStored(value)
  return value !== undefined
}

/** Revokes a token by its `jti`, for longer than it can live. @throws LedgerUnavailableError */
export const revokeToken = async (ledger: Ledger, jti: string, now: number): Promise<void> => {
  const entry = {
    key: revocationKey(jti),
    value: encodeStored(String(now)),
    expiresAt: outlivedAt(now),
  }
  await ledger.compareAndSet(entry, undefined, now)
}
