// Challenges: the audience that the cloud is to sign, made by this service, once, for one enrollment.
// Stateless until spent: expiry, six random bytes and a MAC over everything it was made for.

import { type Bytes, equalBytes, fromBase64Url, toBase64Url, utf8 } from '../base/bytes.ts'
import type { CryptoPort, Mac } from '../base/crypto.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { type Challenge, jtiOf } from '../registry/spend.ts'
import {
  AUDIENCE_NAME_LENGTH,
  type ChallengePurpose,
  audienceName,
} from '../base/wire/audience-name.ts'

const RANDOM_BYTES = 6
const EXPIRY_BYTES = 4
const MAC_BYTES = 14
const MAC_AT = EXPIRY_BYTES + RANDOM_BYTES
const SECRET_BYTES = MAC_AT + MAC_BYTES

/** How far the clocks of two isolates may differ, in seconds. */
const CLOCK_SKEW_SECONDS = 60

const LENGTH_BYTES = 4
const MAC_LABEL = /* @__PURE__ */ utf8('rollcall-challenge-v1')

const SHAPE = /^[A-Za-z0-9_-]{64}$/

/** Why an audience is not a challenge that may be spent; codes for the audit event. */
export type ChallengeRefusal =
  | 'challenge_malformed'
  | 'challenge_for_another'
  | 'challenge_not_ours'
  | 'challenge_expired'
  | 'challenge_from_future'

/** What challenges are made from. */
export interface ChallengeOptions {
  readonly issuer: string
  /** The first makes challenges, all check them. Not empty. */
  readonly keys: readonly Mac[]
  readonly lifetimeSeconds: number
  readonly sha256: CryptoPort['sha256']
}

/** Puts a number below 2^32 into four bytes, big endian. */
const putUint32 = (all: Bytes, at: number, value: number): void => {
  all[at] = value >>> 24
  all[at + 1] = value >>> 16
  all[at + 2] = value >>> 8
  all[at + 3] = value
}

/** Reads what {@link putUint32} writes. */
const uint32At = (all: Bytes, at: number): number =>
  (((all[at] as number) << 24) |
    ((all[at + 1] as number) << 16) |
    ((all[at + 2] as number) << 8) |
    (all[at + 3] as number)) >>>
  0

/** Puts bytes behind their length into `all`. @returns where they end */
const putPart = (all: Bytes, at: number, part: Uint8Array): number => {
  putUint32(all, at, part.length)
  all.set(part, at + LENGTH_BYTES)
  return at + LENGTH_BYTES + part.length
}

/**
 * What a MAC is over: each part behind its length, so that no two lists of parts give the same bytes. It is made in
 * one buffer: lists of small ones took as long as the MAC.
 * @param secret begins with expiry and random bytes
 */
const macInput = (
  issuer: string,
  { role = '', jkt = '' }: ChallengePurpose,
  secret: Bytes,
): Bytes => {
  const expiry = secret.subarray(0, EXPIRY_BYTES)
  const random = secret.subarray(EXPIRY_BYTES, MAC_AT)
  const parts = [MAC_LABEL, utf8(issuer), expiry, random, utf8(role), utf8(jkt)]
  let length = 0
  for (const part of parts) length += LENGTH_BYTES + part.length
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) at = putPart(all, at, part)
  return all
}

/**
 * Makes a challenge of 64 characters `[A-Za-z0-9_-]`.
 * @param now Unix seconds
 */
export const makeChallenge = async (
  { issuer, keys, lifetimeSeconds, sha256 }: ChallengeOptions,
  purpose: ChallengePurpose,
  now: number,
): Promise<string> => {
  const secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES))
  putUint32(secret, 0, now + lifetimeSeconds)
  const [first] = keys as readonly [Mac]
  const mac = await first(macInput(issuer, purpose, secret))
  secret.set(mac.subarray(0, MAC_BYTES), MAC_AT)
  return audienceName(issuer, purpose, sha256) + toBase64Url(secret)
}

/**
 * Checks that an audience is a challenge of ours for this purpose, in time.
 * @param now Unix seconds
 * @returns the challenge; a refusal says why the audience is not a challenge that may be spent
 */
export const checkChallenge = async (
  { issuer, keys, lifetimeSeconds, sha256 }: ChallengeOptions,
  audience: string,
  purpose: ChallengePurpose,
  now: number,
): Promise<Result<Challenge, ChallengeRefusal>> => {
  const secret = SHAPE.test(audience) && fromBase64Url(audience.slice(AUDIENCE_NAME_LENGTH))
  // Each half holds 24 bytes in 32 characters, so no bit is left over: two texts never decode to the
  // same bytes, and an audience always re-encodes to itself.
  if (!secret || secret.length !== SECRET_BYTES) return refuse('challenge_malformed')
  if (!audience.startsWith(audienceName(issuer, purpose, sha256)))
    return refuse('challenge_for_another')

  const tag = secret.subarray(MAC_AT)
  const input = macInput(issuer, purpose, secret)
  let isOurs = false
  for (const mac of keys) {
    if (equalBytes((await mac(input)).subarray(0, MAC_BYTES), tag)) isOurs = true
  }
  if (!isOurs) return refuse('challenge_not_ours')

  const expiresAt = uint32At(secret, 0)
  if (expiresAt <= now) return refuse('challenge_expired')
  if (expiresAt > now + lifetimeSeconds + CLOCK_SKEW_SECONDS) return refuse('challenge_from_future')
  const id = secret.subarray(EXPIRY_BYTES)
  return accept({ id, jti: jtiOf(id, { sha256 }), expiresAt })
}
