// The two calls of an enrollment, and how their answers are read. Each call is made once; `enroll.ts` repeats them.

import { audienceName } from '../base/wire/audience-name.ts'
import { CHALLENGE_PATH, ENROLL_PATH } from '../base/wire/paths.ts'
import type { Evidence } from '../metadata/index.ts'
import { type Reading, readingOf } from './answer.ts'
import { type Answer, type Reach, callService, readReach } from './call.ts'
import { ClientError } from './client-error.ts'
import type { DpopKey } from './dpop-key.ts'
import { type IssuedToken, isWhole, membersOf, readIssuedToken } from './issued-token.ts'

/** The request for an enrollment. */
export interface Purpose extends Reach {
  /** The service's name and address, exactly. */
  readonly issuer: string
  /** The role to ask for. Default: none; the policy must then have a role that matches. */
  readonly role?: string | undefined
  /** The only audience of the token (RFC 8707). Default: all audiences of the role. */
  readonly resource?: string | undefined
  /** The key to bind the token to. Default: none. */
  readonly dpopKey?: DpopKey | undefined
}

/** A challenge of this service. */
export interface Challenge {
  readonly audience: string
  /** When it expires, by `timing.elapsed()`. */
  readonly deadline: number
}

/** A token of an enrollment. */
export interface Enrolled extends IssuedToken {
  /** The role that the instance enrolled in. */
  readonly role: string
  /**
   * Whether the role lets this instance enroll again as it is now. `undefined`: unknown, because
   * the service is older.
   */
  readonly renewable: boolean | undefined
}

/** The form fields that have a value. An empty value counts as absent. */
const formOf = (fields: Readonly<Record<string, string | undefined>>): URLSearchParams =>
  new URLSearchParams(
    Object.entries(fields).filter((field): field is [string, string] => (field[1] ?? '') !== ''),
  )

/** Both calls use this media type. */
const JSON_TYPE = 'application/json'

/** Asks once for a challenge. */
export const askForChallenge = async (purpose: Purpose): Promise<Reading> => {
  const { issuer, role, dpopKey } = purpose
  const body = formOf({ role, dpop_jkt: dpopKey?.thumbprint })
  const headers = { Accept: JSON_TYPE }
  return readingOf(
    await callService({ url: issuer + CHALLENGE_PATH, body, headers }, purpose),
    JSON_TYPE,
  )
}

const AUDIENCE = /^[A-Za-z0-9_-]{64}$/
const MAX_CHALLENGE_SECONDS = 99_999

/**
 * Reads a challenge, and refuses one that is not of this service, role and key: a hostile service
 * could pass on the challenge of another one, and enroll there as this instance. This comes before
 * any signature.
 * @param askedAt by `timing.elapsed()`
 * @throws ClientError `challenge_malformed`, `challenge_foreign`
 */
export const readChallenge = (
  { issuer, role, dpopKey }: Purpose,
  { text, status }: Answer,
  askedAt: number,
): Challenge => {
  const { audience, expires_in: expiresIn } = membersOf(text)
  const isChallenge = typeof audience === 'string' && AUDIENCE.test(audience)
  if (!isChallenge || !isWhole(expiresIn, 1, MAX_CHALLENGE_SECONDS)) {
    throw new ClientError(`${issuer} answers, but it is not a rollcall service`, {
      code: 'challenge_malformed',
      remedy: 'check the address',
      status,
    })
  }
  if (!audience.startsWith(audienceName(issuer, { role, jkt: dpopKey?.thumbprint }))) {
    throw new ClientError(
      `the challenge is not for ${issuer} and role '${role ?? ''}'; stopped before anything was signed`,
      {
        code: 'challenge_foreign',
        remedy:
          'the address must equal ROLLCALL_ISSUER of the service exactly; if it does, that is another service',
        status,
      },
    )
  }
  return { audience, deadline: askedAt + expiresIn }
}

/** Shows evidence for a challenge, once. Each attempt makes a new proof of the key. */
export const postEvidence = async (
  purpose: Purpose,
  audience: string,
  evidence: Evidence,
): Promise<Reading> => {
  const { issuer, role, resource, dpopKey } = purpose
  const url = issuer + ENROLL_PATH
  const { now } = readReach(purpose).timing
  const dpop = await dpopKey?.prove({ method: 'POST', uri: url, nonce: audience, now: now() })
  const { document, pkcs7 } = evidence
  const body = formOf({ document, pkcs7, role, resource })
  const headers = { Accept: JSON_TYPE, ...(dpop !== undefined && { DPoP: dpop }) }
  return readingOf(await callService({ url, body, headers }, purpose), JSON_TYPE)
}

/**
 * Reads the token.
 * @param askedAt by `timing.elapsed()`
 * @throws ClientError `token_malformed` if the token is not as requested
 */
export const readToken = (
  { issuer, dpopKey }: Purpose,
  { text, status }: Answer,
  askedAt: number,
): Enrolled => {
  const refuse = (detail: string): ClientError =>
    new ClientError(detail, { code: 'token_malformed', remedy: 'check the address', status })
  const token = readIssuedToken(text, askedAt)
  const { role, renewable } = membersOf(text)
  if (token === undefined || typeof role !== 'string') {
    throw refuse(`${issuer} answers, but not with a token`)
  }
  if ((token.tokenType === 'DPoP') !== (dpopKey !== undefined)) {
    throw refuse(`${issuer} answers with a token whose binding to a key is not as requested`)
  }
  return {
    ...token,
    role,
    // The token is valid, whatever the value of this member.
    renewable: typeof renewable === 'boolean' ? renewable : undefined,
  }
}
