// Tokens revoked one by one, by `jti`. (All tokens of an instance: `revokedUntil` of its record.)

import { MAX_TOKEN_LIFETIME_SECONDS } from '../policy/policy.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** How far the clocks of two isolates may differ, in seconds. */
const CLOCK_SKEW_SECONDS = 120

/** When nothing of today can matter any longer: every token and challenge of now has expired. */
export const outlivedAt = (now: number): number =>
  now + 2 * MAX_TOKEN_LIFETIME_SECONDS + CLOCK_SKEW_SECONDS

const revocationKey = (jti: string): string => `revoked:${jti}`

/** Whether a token was revoked by its `jti`. @throws LedgerUnavailableError */
export const isRevoked = async (ledger: Ledger, jti: string, now: number): Promise<boolean> =>
  (await ledger.read(revocationKey(jti), now)) !== undefined

/** Revokes a token by its `jti`, for longer than it can live. @throws LedgerUnavailableError */
export const revokeToken = async (ledger: Ledger, jti: string, now: number): Promise<void> => {
  const entry = { key: revocationKey(jti), value: String(now), expiresAt: outlivedAt(now) }
  await ledger.compareAndSet(entry, undefined, now)
}
