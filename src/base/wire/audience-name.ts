// The first half of a challenge. It is a hash of the service's name, the role and the node's key, so
// anybody who knows these can compute it. Clients do, and ask for no signature if it differs: a hostile
// service can't pass another service's challenge on to an instance.

import { toBase64Url, utf8 } from '../bytes.ts'
import type { CryptoPort } from '../crypto.ts'
import { sha256 as ownSha256 } from '../sha256.ts'

/** What a challenge is made for; absent and empty are the same. */
export interface ChallengePurpose {
  /** The role asked for. */
  readonly role?: string | undefined
  /** JWK thumbprint (RFC 7638) of the key that the token is to be bound to. */
  readonly jkt?: string | undefined
}

/** Characters of the first half. */
export const AUDIENCE_NAME_LENGTH = 32

/**
 * Bytes of the hash in the first half. A hostile service chooses its host name and the thumbprint, so
 * the hash must resist collisions: 192 bits give 96 bits of security.
 */
const AUDIENCE_NAME_BYTES = 24

/**
 * The first half of every challenge that `issuer` makes for a purpose: the first 24 bytes of SHA-256
 * over `rollcall-audience-v1\n<issuer>\n<role>\n<jkt>\n`, as 32 characters base64url.
 * @param sha256 the hash. Default: our own, so that a client needs no platform's
 */
export const audienceName = (
  issuer: string,
  { role = '', jkt = '' }: ChallengePurpose,
  sha256: CryptoPort['sha256'] = ownSha256,
): string => {
  const hash = sha256(utf8(`rollcall-audience-v1\n${issuer}\n${role}\n${jkt}\n`))
  return toBase64Url(hash.subarray(0, AUDIENCE_NAME_BYTES))
}
