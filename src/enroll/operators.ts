// Who an operator is: a token of their own, used once. Whoever asks the ledger is sure that no other
// process has taken the same token.

import type { Ledger } from '../ledger/ledger.ts'
import { encodeStored } from './format.ts'
import type { PublicKey } from '../token/public-key.ts'
import { adminTokenOutlivedAt, verifyAdminToken } from '../token/verify.ts'

/** What operators are known by. */
export interface OperatorOptions {
  readonly issuer: string
  readonly ledger: Ledger
  /** Public keys; not empty. */
  readonly adminKeys: readonly PublicKey[]
}

/** Why a token was refused; codes for the audit event. */
export type OperatorRefusal = 'operator_token_invalid' | 'operator_token_used'

/**
 * Tells who an operator is, and spends their token.
 * @param now Unix seconds
 * @returns `sub`, or why the token was refused
 * @throws LedgerUnavailableError
 */
export const authenticateOperator = async (
  { issuer, ledger, adminKeys }: OperatorOptions,
  token: string,
  now: number,
): Promise<{ readonly sub: string } | OperatorRefusal> => {
  const claims = await verifyAdminToken(adminKeys, issuer, token, now)
  // One of before the ledger began could have been used before.
  if (claims === undefined || claims.iat < (ledger.remembersSince ?? 0)) {
    return 'operator_token_invalid'
  }
  const { sub, jti } = claims
  const entry = {
    key: `operator:${sub} ${jti}`,
    value: encodeStored(''),
    expiresAt: adminTokenOutlivedAt(claims),
  }
  const { stored } = await ledger.compareAndSet(entry, undefined, now)
  return stored ? { sub } : 'operator_token_used'
}
