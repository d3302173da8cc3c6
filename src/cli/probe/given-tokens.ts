// The tokens that the user has. Each is checked for what it is shown for, and is otherwise like the good one: an "expired"
// token that is valid, or that somebody else made, proves nothing.

import { readUnverified } from '../../token/unverified.ts'
import { usageError } from '../command-error.ts'
import { thisRun } from '../run.ts'
import { readTokenFile } from '../token-file.ts'
import { type IssuerKeys, verifyMaker } from './issuer-keys.ts'
import type { GivenTokens } from './shots.ts'

/** The files that the user named. */
export interface TokenFiles {
  readonly token?: string | undefined
  readonly expiredToken?: string | undefined
  readonly boundToken?: string | undefined
  readonly otherAudienceToken?: string | undefined
}

/** Claims that nobody has verified. */
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

/** Less is not enough for showing a token after all others. */
const SPARE_SECONDS = 30

const isValidNow = ({ nbf }: Claims): boolean =>
  !(typeof nbf === 'number' && nbf > thisRun().timing.now())

/** @throws CommandError if a token expires before it can be shown */
const requireSpareTime = (claims: Claims, option: string): void => {
  if (isExpired(claims)) throw usageError(`${option} has expired; get a new token`)
  if (isExpired(claims, -SPARE_SECONDS)) {
    throw usageError(
      `${option} expires in less than ${SPARE_SECONDS} seconds, so it may expire before the door sees it; get a new token`,
    )
  }
}

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
  requireSpareTime(claims, '--token')
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

/** What a door may demand besides what a bad token is bad for, as messages call it. */
const ALIKE: readonly (readonly [what: string, of: (claims: Claims) => unknown])[] = [
  ['issuer', ({ iss }) => iss],
  ['role', ({ role }) => role],
  ['freshness (acr)', ({ acr }) => acr],
  ['account', ({ ecs }) => (ecs as Claims | undefined)?.['owner_account_id']],
  ['region', ({ ecs }) => (ecs as Claims | undefined)?.['region_id']],
]

/** The good token, which every other one is compared with, and the keys of its issuer. */
export interface Compared {
  readonly claims: Claims
  readonly keys: IssuerKeys
}

/** A bad token must be bad for the one reason that it is shown for. */
const readBadToken = async (
  path: string | undefined,
  option: string,
  expected: string,
  isSuch: (claims: Claims) => boolean,
  good: Compared,
  isValid = true,
): Promise<string | undefined> => {
  if (path === undefined) return undefined
  const token = await readTokenFile(path, option)
  const claims = claimsOf(token, option)
  if (!isSuch(claims)) throw usageError(`${option}: expected ${expected}`)
  if (isValid) requireSpareTime(claims, option)
  const other = ALIKE.find(([, of]) => of(claims) !== of(good.claims))
  if (other !== undefined) {
    const [what] = other
    throw usageError(
      `${option}: its ${what} differs from --token, and a door may refuse it for this; give two of the same ${what}`,
    )
  }
  await verifyMaker(token, option, good.keys)
  return token
}

/** The only binding that the service gives. */
const isBoundToKey = ({ cnf }: Claims): boolean =>
  typeof cnf === 'object' && cnf !== null && Object.keys(cnf).join() === 'jkt'

/**
 * Reads the bad tokens.
 * @throws CommandError for one that is not what its option says, that the issuer did not make, or that differs from the
 *   good one in something else
 */
export const readBadTokens = async (
  { expiredToken, boundToken, otherAudienceToken }: TokenFiles,
  audience: string,
  good: Compared,
): Promise<GivenTokens> => {
  const expired = await readBadToken(
    expiredToken,
    '--expired-token',
    `an unbound token for "${audience}" that expired more than a minute ago`,
    (claims) =>
      isExpired(claims, LEEWAY_SECONDS) && hasAudience(claims, audience) && !('cnf' in claims),
    good,
    false,
  )
  const bound = await readBadToken(
    boundToken,
    '--bound-token',
    `a token with cnf.jkt for "${audience}" that is valid now`,
    (claims) => isBoundToKey(claims) && hasAudience(claims, audience) && isValidNow(claims),
    good,
  )
  const other = await readBadToken(
    otherAudienceToken,
    '--other-audience-token',
    `an unbound token without the audience "${audience}" that is valid now`,
    (claims) => !hasAudience(claims, audience) && isValidNow(claims) && !('cnf' in claims),
    good,
  )
  return {
    ...(expired && { expired }),
    ...(bound && { 'bound to a key': bound }),
    ...(other && { 'another aud': other }),
  }
}
