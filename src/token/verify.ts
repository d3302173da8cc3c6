// Tokens read again: our own, to tell an operator or a relying party whether they are good, and those
// by which operators show who they are.

import { type Result, accept, refuse } from '../base/result.ts'
import { type OperatorKey, OPERATOR_NAME_PATTERN } from './operator-keys.ts'
import { type JwsRefusal, type Members, keyByThumbprint, openJws } from './jws.ts'
import type { PublicKey } from './public-key.ts'
import type { PublishedKeys } from './signing-keys.ts'

/** The claims of a token that was found good: RFC 7519 section 4.1, and whatever else it says. */
export type Claims = Members & {
  readonly jti: string
  readonly sub: string
  /** Unix seconds. */
  readonly iat: number
  readonly exp: number
}

/** How far the clock of an operator may be off, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 30

/** Longest life of an operator's token, in seconds. */
export const ADMIN_TOKEN_SECONDS = 60

const ADMIN_TYPE = 'rollcall-admin+jwt'

/** Why a token is not good. Callers outside are told no more than that it isn't. */
export type TokenRefusal =
  | JwsRefusal
  /** `jti`, `sub`, `iat` and `exp` must be there, in a form that fits a log. */
  | 'claims_incomplete'
  /** An enrollment token that another service issued. */
  | 'issuer_mismatch'
  /** An operator's token for another service. */
  | 'audience_mismatch'
  /** Expired; for an operator's token also not yet good, or good for too long. */
  | 'not_in_time'

interface Opened<Key> {
  readonly claims: Claims
  /** The key that verified the signature. */
  readonly key: Key
}

const open = async <Key extends PublicKey>(
  keys: readonly Key[],
  typ: string,
  token: string,
): Promise<Result<Opened<Key>, TokenRefusal>> => {
  const find = keyByThumbprint(keys)
  let key: Key | undefined
  const opened = await openJws(token, typ, (header) => (key = find(header)))
  if (!opened.ok) return opened
  const { jti, sub, iat, exp } = opened.value
  const complete =
    // `sub` and `jti` end up in a log or a key.
    [jti, sub].every((text) => typeof text === 'string' && OPERATOR_NAME_PATTERN.test(text)) &&
    [iat, exp].every((time) => Number.isSafeInteger(time))
  return complete && key !== undefined
    ? accept({ claims: opened.value as Claims, key })
    : refuse('claims_incomplete')
}

/**
 * Reads an enrollment token of ours.
 * @param now Unix seconds
 * @returns its claims
 */
export const verifyToken = async (
  { publicKeys }: Pick<PublishedKeys, 'publicKeys'>,
  issuer: string,
  token: string,
  now: number,
): Promise<Result<Claims, TokenRefusal>> => {
  const opened = await open(publicKeys, 'JWT', token)
  if (!opened.ok) return opened
  const { claims } = opened.value
  if (claims['iss'] !== issuer) return refuse('issuer_mismatch')
  return now < claims.exp ? accept(claims) : refuse('not_in_time')
}

/**
 * Reads the token of an operator: `typ` `rollcall-admin+jwt`, `aud` the issuer, a life of at most 60
 * seconds. Whether its `jti` was used before is for the caller to find out.
 * @param now Unix seconds
 * @returns its claims and the key that signed it
 */
export const verifyOperatorToken = async (
  keys: readonly OperatorKey[],
  issuer: string,
  token: string,
  now: number,
): Promise<Result<Opened<OperatorKey>, TokenRefusal>> => {
  const opened = await open(keys, ADMIN_TYPE, token)
  if (!opened.ok) return opened
  const { claims } = opened.value
  if (claims['aud'] !== issuer) return refuse('audience_mismatch')
  const { iat, exp } = claims
  const inTime = iat - CLOCK_TOLERANCE_SECONDS <= now && now < exp + CLOCK_TOLERANCE_SECONDS
  return inTime && exp - iat <= ADMIN_TOKEN_SECONDS ? opened : refuse('not_in_time')
}

/** When an operator's token can no longer be used, by any clock that is off as far as it may. */
export const operatorTokenOutlivedAt = ({ exp }: Pick<Claims, 'exp'>): number =>
  exp + 2 * CLOCK_TOLERANCE_SECONDS
