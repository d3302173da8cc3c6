// Introspection (RFC 7662): whether a token of this service is active now.

import { type Result, refuse } from '../base/result.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { PublishedKeys } from '../token/signing-keys.ts'
import { type StandingRefusal, checkStanding } from '../registry/standing.ts'
import { type EnrollmentClaims, tokenSubject } from '../token/claims.ts'
import { type TokenRefusal, verifyToken } from '../token/verify.ts'

/** What introspection looks at. */
export interface IntrospectionOptions {
  readonly issuer: string
  /** The keys that our tokens are signed with. */
  readonly published: Pick<PublishedKeys, 'publicKeys'>
  readonly ledger: Ledger
  /** The caller learns of tokens for one of these, and of no other token. Absent: of all. */
  readonly audiences?: readonly string[]
}

/** Why a token is not active; the caller learns only that it is not. */
export type IntrospectionRefusal =
  | TokenRefusal
  | StandingRefusal
  /** It is for none of the caller's audiences (RFC 7662 section 4). */
  | 'audience_not_of_caller'

/**
 * Introspects a token.
 * @param now Unix seconds
 * @returns its claims if the service issued it, it has not expired, it is for the caller, and it is in standing
 * @throws LedgerUnavailableError
 */
export const introspect = async (
  { issuer, published, ledger, audiences }: IntrospectionOptions,
  token: string,
  now: number,
): Promise<Result<EnrollmentClaims, IntrospectionRefusal>> => {
  const verified = await verifyToken(published, issuer, token, now)
  if (!verified.ok) return verified
  const { aud } = verified.value
  const isForCaller = audiences?.some((audience) => aud.includes(audience)) ?? true
  if (!isForCaller) return refuse('audience_not_of_caller')
  const standing = await checkStanding(ledger, tokenSubject(verified.value), now)
  return standing.ok ? verified : standing
}
