// Client assertions (RFC 7523 section 3): the token by which a relying party shows who it is when it calls. It is made
// for this service, lives a minute at most, and is signed with a key that the service knows beforehand.

import { type Result, accept, refuse } from '../base/result.ts'
import { CLOCK_TOLERANCE_SECONDS, isTime } from './claims.ts'
import { type JwsRefusal, keyByThumbprint, openJws } from './jws.ts'
import { isKeyName } from './public-key-set.ts'
import type { RelyingPartyKey } from './relying-party-keys.ts'

/** The `client_assertion_type` of a JWT (RFC 7523 section 2.2). */
export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Longest life of an assertion, in seconds. */
const ASSERTION_SECONDS = 60

/** The `typ` of an assertion. RFC 7523 names none; its revision names the last one. */
const TYPES = [undefined, 'JWT', 'client-authentication+jwt']

/** Why an assertion is refused. */
export type ClientAssertionRefusal =
  | JwsRefusal
  /** `jti`, `iat` and `exp` must be there, in a form that fits a log. */
  | 'claims_incomplete'
  /** `iss` or `sub` is not the name of the key. */
  | 'name_mismatch'
  /** `aud` is not the issuer, as one text. */
  | 'audience_mismatch'
  /** It has expired, begins later, or lives longer than a minute. */
  | 'not_in_time'

/** An assertion that was verified, and not yet used. */
export interface VerifiedAssertion {
  /** The key that signed it. */
  readonly key: RelyingPartyKey
  readonly jti: string
  /** Unix seconds. */
  readonly iat: number
  /** When no clock that is off as far as it may be takes it any longer, in Unix seconds. */
  readonly outlivedAt: number
}

/** A refusal, with the key if its signature was verified. */
export interface RefusedAssertion {
  readonly reason: ClientAssertionRefusal
  readonly key?: RelyingPartyKey
}

/**
 * Verifies an assertion. Whether its `jti` was used before is for the caller to find out, as the last step.
 * @param keys of relying parties; the header's `kid` names one by its thumbprint
 * @param issuer of this service: the only `aud`, since an assertion for several services could be passed on
 * @param now Unix seconds
 */
export const verifyClientAssertion = async (
  keys: readonly RelyingPartyKey[],
  issuer: string,
  assertion: string,
  now: number,
): Promise<Result<VerifiedAssertion, RefusedAssertion>> => {
  const find = keyByThumbprint(keys)
  let key: RelyingPartyKey | undefined
  const opened = await openJws(assertion, TYPES, (header) => (key = find(header)))
  if (!opened.ok) return refuse({ reason: opened.refusal })
  // The signature was verified, so there was a key.
  if (key === undefined) return refuse({ reason: 'key_refused' })
  const { iss, sub, aud, jti, iat, nbf = iat, exp } = opened.value
  if (!isKeyName(jti) || !isTime(iat) || !isTime(nbf) || !isTime(exp)) {
    return refuse({ reason: 'claims_incomplete', key })
  }
  if (iss !== key.name || sub !== key.name) return refuse({ reason: 'name_mismatch', key })
  if (aud !== issuer) return refuse({ reason: 'audience_mismatch', key })
  const begun = Math.max(iat, nbf) - CLOCK_TOLERANCE_SECONDS <= now
  const inTime = begun && now < exp + CLOCK_TOLERANCE_SECONDS && exp - iat <= ASSERTION_SECONDS
  return inTime
    ? accept({ key, jti, iat, outlivedAt: exp + 2 * CLOCK_TOLERANCE_SECONDS })
    : refuse({ reason: 'not_in_time', key })
}
