// Tokens revoked one by one, by `jti`. (All tokens of an instance: `revokedUntil` of its record.)

import type { Ledger } from '../ledger/ledger.ts'
import { encodeStored } from '../base/stored-format.ts'
import { checkStored } from './format.ts'
import { outlivedAt } from './lifetimes.ts'

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
