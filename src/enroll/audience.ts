// The first half of a challenge: it names this service, the role and the node's key, and anybody who
// knows them can compute it. Clients do, and ask for no signature if it differs: that stops a
// hostile service from passing another one's challenge on to an instance.

import { toHex, utf8 } from '../bytes.ts'
import { sha256 } from '../verify/sha256.ts'

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
 * The first half of every challenge that `issuer` makes for a purpose: the first 128 bits of
 * SHA-256 over `rollcall-audience-v1\n<issuer>\n<role>\n<jkt>\n`, as 32 lower-case hex digits.
 */
export const audienceName = (issuer: string, { role = '', jkt = '' }: ChallengePurpose): string =>
  toHex(sha256(utf8(`rollcall-audience-v1\n${issuer}\n${role}\n${jkt}\n`))).slice(
    0,
    AUDIENCE_NAME_LENGTH,
  )
