// Tokens read: the enrollment tokens of this service, and the tokens by which operators authenticate.

import { type Result, accept, refuse } from '../base/result.ts'
import {
  CLOCK_TOLERANCE_SECONDS,
  type ClaimsRefusal,
  type EnrollmentClaims,
  readEnrollmentClaims,
} from './claims.ts'
import { type OperatorKey, OPERATOR_NAME_PATTERN } from './operator-keys.ts'
import { type JwsRefusal, type Members, keyByThumbprint, openJws } from './jws.ts'
import type { PublicKey } from './public-key.ts'
import type { PublishedKeys } from './signing-keys.ts'

/** The claims of an operator's token (RFC 7519 section 4.1). */
export type OperatorClaims = Members & {
  readonly jti: string
  readonly sub: string
  /** Unix seconds. */
  readonly iat: number
  readonly exp: number
}

/** Longest life of an operator's token, in seconds. */
export const ADMIN_TOKEN_SECONDS = 60

const ADMIN_TYPE = 'rollcall-admin+jwt'

/** Why an enrollment token is refused. Callers outside learn only that it is not active. */
export type TokenRefusal = JwsRefusal | ClaimsRefusal

/** Why an operator's token is refused. */
export type OperatorTokenRefusal =
  | JwsRefusal
  /** `jti`, `sub`, `iat` and `exp` must be there, in a form that fits a log. */
  | 'claims_incomplete'
  /** It is for another service. */
  | 'audience_mismatch'
  /** It has expired, begins later, or lives longer than a minute. */
  | 'not_in_time'

interface Opened<Key> {
  readonly claims: OperatorClaims
  /** The key that verified the signature. */
  readonly key: Key
}

const open = async <Key extends PublicKey>(
  keys: readonly Key[],
  typ: string,
  token: string,
): Promise<Result<Opened<Key>, OperatorTokenRefusal>> => {
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
    ? accept({ claims: opened.value as OperatorClaims, key })
    : refuse('claims_incomplete')
}

/**
 * Reads an enrollment token of this service, or a token exchanged for one.
 * @param now Unix seconds
 * @returns its claims
 */
export const verifyToken = async (
  { publicKeys }: Pick<PublishedKeys, 'publicKeys'>,
  issuer: string,
  token: string,
  now: number,
): Promise<Result<EnrollmentClaims, TokenRefusal>> => {
  const opened = await openJws(token, 'JWT', keyByThumbprint(publicKeys))
  return opened.ok ? readEnrollmentClaims(opened.value, { issuer, now }) : opened
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
): Promise<Result<Opened<OperatorKey>, OperatorTokenRefusal>> => {
  const opened = await open(keys, ADMIN_TYPE, token)
  if (!opened.ok) return opened
  const { claims } = opened.value
  if (claims['aud'] !== issuer) return refuse('audience_mismatch')
  const { iat, exp } = claims
  const inTime = iat - CLOCK_TOLERANCE_SECONDS <= now && now < exp + CLOCK_TOLERANCE_SECONDS
  return inTime && exp - iat <= ADMIN_TOKEN_SECONDS ? opened : refuse('not_in_time')
}

/** When an operator's token can no longer be used, by any clock that is off as far as it may. */
export const operatorTokenOutlivedAt = ({ exp }: Pick<OperatorClaims, 'exp'>): number =>
  exp + 2 * CLOCK_TOLERANCE_SECONDS
