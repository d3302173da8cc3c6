// Tokens read again: our own, to tell an operator or a relying party whether they are good, and those
// by which operators show who they are.

import { type AdminKey, OPERATOR_NAME_PATTERN } from './admin-keys.ts'
import { type Members, keyByThumbprint, openJws } from './jws.ts'
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

interface Opened<Key> {
  readonly claims: Claims
  /** The key that verified the signature. */
  readonly key: Key
}

const open = async <Key extends PublicKey>(
  keys: readonly Key[],
  typ: string,
  token: string,
): Promise<Opened<Key> | undefined> => {
  const find = keyByThumbprint(keys)
  let key: Key | undefined
  const claims = await openJws(token, typ, (header) => (key = find(header)))
  if (typeof claims === 'string' || key === undefined) return undefined
  const { jti, sub, iat, exp } = claims
  const complete =
    // `sub` and `jti` end up in a log or a key.
    [jti, sub].every((text) => typeof text === 'string' && OPERATOR_NAME_PATTERN.test(text)) &&
    [iat, exp].every((time) => Number.isSafeInteger(time))
  return complete ? { claims: claims as Claims, key } : undefined
}

/**
 * Reads an enrollment token of ours.
 * @param now Unix seconds
 * @returns its claims, or `undefined` if it isn't one, or has expired
 */
export const verifyToken = async (
  { publicKeys }: Pick<PublishedKeys, 'publicKeys'>,
  issuer: string,
  token: string,
  now: number,
): Promise<Claims | undefined> => {
  const claims = (await open(publicKeys, 'JWT', token))?.claims
  return claims?.['iss'] === issuer && now < claims.exp ? claims : undefined
}

/**
 * Reads the token of an operator: `typ` `rollcall-admin+jwt`, `aud` the issuer, a life of at most 60
 * seconds. Whether its `jti` was used before is for the caller to find out.
 * @param now Unix seconds
 * @returns its claims and the key that signed it, or `undefined` if it isn't one, or not in time
 */
export const verifyAdminToken = async (
  keys: readonly AdminKey[],
  issuer: string,
  token: string,
  now: number,
): Promise<Opened<AdminKey> | undefined> => {
  const opened = await open(keys, ADMIN_TYPE, token)
  if (opened === undefined || opened.claims['aud'] !== issuer) return undefined
  const { iat, exp } = opened.claims
  const inTime = iat - CLOCK_TOLERANCE_SECONDS <= now && now < exp + CLOCK_TOLERANCE_SECONDS
  return inTime && exp - iat <= ADMIN_TOKEN_SECONDS ? opened : undefined
}

/** When an operator's token can no longer be used, by any clock that is off as far as it may. */
export const adminTokenOutlivedAt = ({ exp }: Pick<Claims, 'exp'>): number =>
  exp + 2 * CLOCK_TOLERANCE_SECONDS
