// Authenticates operators: each call needs a new token that the operator's key has signed. Unless the key has a
// name, the token can claim any name; the key's thumbprint identifies the key in both cases.

import { type Result, accept, refuse } from '../base/result.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { OperatorKey, OperatorScope } from '../token/operator-keys.ts'
import { operatorTokenOutlivedAt, verifyOperatorToken } from '../token/verify.ts'
import { isForgotten } from '../ledger/forgotten.ts'
import { spendOnce } from '../ledger/spend-once.ts'

/** What operators are authenticated with. */
export interface AuthenticationOptions {
  readonly issuer: string
  readonly ledger: Ledger
  /** Public keys; not empty. */
  readonly operatorKeys: readonly OperatorKey[]
}

/** The call that a token is shown for. */
export interface OperatorRequest {
  readonly method: string
  /** Without a query. */
  readonly path: string
  /** What the call needs. */
  readonly scope: OperatorScope
}

/** An operator whose token was accepted. */
export interface Operator {
  /** `sub` of the token. */
  readonly sub: string
  /** RFC 7638 thumbprint of the key that signed it. */
  readonly kid: string
}

/** Why a token was refused; codes for the audit event. */
export type OperatorRefusal =
  | 'operator_token_missing'
  | 'operator_token_invalid'
  | 'operator_token_used'
  /** The key has a name, and the token's `sub` differs from it. */
  | 'operator_name_mismatch'
  /** The token's `htm` or `htu` names another call. */
  | 'operator_token_for_another_call'
  | 'operator_scope_missing'

/** A refusal, with the operator and the key if they are known. */
export interface RefusedOperator extends Partial<Operator> {
  readonly reason: OperatorRefusal
}

/**
 * Authenticates an operator, and spends the token.
 * @param token absent: the call came without one
 * @param now Unix seconds
 * @throws LedgerUnavailableError
 */
export const authenticateOperator = async (
  { issuer, ledger, operatorKeys }: AuthenticationOptions,
  token: string | undefined,
  { method, path, scope }: OperatorRequest,
  now: number,
): Promise<Result<Operator, RefusedOperator>> => {
  if (token === undefined) return refuse({ reason: 'operator_token_missing' })
  const verified = await verifyOperatorToken(operatorKeys, issuer, token, now)
  if (!verified.ok) return refuse({ reason: 'operator_token_invalid' })
  const { claims, key } = verified.value
  const { sub, jti, iat, htm, htu } = claims
  const { thumbprint: kid } = key

  // A token from before the ledger began may have been used then.
  if (isForgotten(ledger, iat)) return refuse({ reason: 'operator_token_invalid', kid })
  if (key.name !== undefined && key.name !== sub) {
    return refuse({ reason: 'operator_name_mismatch', kid })
  }
  const isForThis =
    (htm === undefined || htm === method) && (htu === undefined || htu === issuer + path)
  if (!isForThis) return refuse({ reason: 'operator_token_for_another_call', sub, kid })
  if (!key.scope.includes(scope)) return refuse({ reason: 'operator_scope_missing', sub, kid })

  const expiresAt = operatorTokenOutlivedAt(claims)
  const once = { key: `operator:${kid} ${jti}`, madeAt: iat, expiresAt }
  const spent = await spendOnce(ledger, once, now)
  if (spent === 'used') return refuse({ reason: 'operator_token_used', sub, kid })
  return spent === 'forgotten'
    ? refuse({ reason: 'operator_token_invalid', kid })
    : accept({ sub, kid })
}
