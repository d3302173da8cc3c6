// The tokens that the user has, each checked for what it is shown for: an "expired" token that is valid proves nothing.

import { readUnverified } from '../../token/unverified.ts'
import { usageError } from '../command-error.ts'
import { thisRun } from '../run.ts'
import { readTokenFile } from '../token-file.ts'
import type { GivenTokens } from './shots.ts'

/** The files that the user named. */
export interface TokenFiles {
  readonly token?: string | undefined
  readonly expiredToken?: string | undefined
  readonly boundToken?: string | undefined
  readonly otherAudienceToken?: string | undefined
}

type Claims = Readonly<Record<string, unknown>>

const claimsOf = (token: string, option: string): Claims => {
  const claims = readUnverified(token)?.claims
  if (claims === undefined) throw usageError(`${option}: expected a token of rollcall`)
  return claims
}

/** A door may admit a token that expired just now: most allow 30 seconds. */
const LEEWAY_SECONDS = 60

const isExpired = ({ exp }: Claims, seconds = 0): boolean =>
  typeof exp === 'number' && exp + seconds < thisRun().timing.now()

const hasAudience = ({ aud }: Claims, audience: string): boolean =>
  aud === audience || (Array.isArray(aud) && aud.includes(audience))

/**
 * Reads the good token.
 * @throws CommandError if it cannot be good: expired, bound to a key, or for another audience
 */
export const readGoodToken = async (
  path: string,
  audience: string,
): Promise<{ readonly token: string; readonly claims: Claims }> => {
  const token = await readTokenFile(path, '--token')
  const claims = claimsOf(token, '--token')
  if (isExpired(claims)) throw usageError('--token has expired; get a new token')
  if ('cnf' in claims) {
    throw usageError(
      '--token is bound to a key; give an unbound token, and this one as --bound-token',
    )
  }
  if (!hasAudience(claims, audience)) {
    throw usageError(
      `--token is not for "${audience}"; give a token of this audience, or correct --audience`,
    )
  }
  return { token, claims }
}

/** A bad token must be bad for the one reason that it is shown for. */
const readBadToken = async (
  path: string | undefined,
  option: string,
  expected: string,
  isSuch: (claims: Claims) => boolean,
): Promise<string | undefined> => {
  if (path === undefined) return undefined
  const token = await readTokenFile(path, option)
  if (!isSuch(claimsOf(token, option))) throw usageError(`${option}: expected ${expected}`)
  return token
}

/** Reads the bad tokens. @throws CommandError for one that is not what its option says */
export const readBadTokens = async (
  { expiredToken, boundToken, otherAudienceToken }: TokenFiles,
  audience: string,
): Promise<GivenTokens> => {
  const expired = await readBadToken(
    expiredToken,
    '--expired-token',
    `an unbound token for "${audience}" that expired more than a minute ago`,
    (claims) =>
      isExpired(claims, LEEWAY_SECONDS) && hasAudience(claims, audience) && !('cnf' in claims),
  )
  const bound = await readBadToken(
    boundToken,
    '--bound-token',
    `a token with cnf for "${audience}" that has not expired`,
    (claims) => 'cnf' in claims && hasAudience(claims, audience) && !isExpired(claims),
  )
  const other = await readBadToken(
    otherAudienceToken,
    '--other-audience-token',
    `an unbound token without the audience "${audience}" that has not expired`,
    (claims) => !hasAudience(claims, audience) && !isExpired(claims) && !('cnf' in claims),
  )
  return {
    ...(expired && { expired }),
    ...(bound && { 'bound to a key': bound }),
    ...(other && { 'another aud': other }),
  }
}
