// Challenges: the audience that the cloud is to sign, made by this service, once, for one enrollment.
// Stateless until spent: expiry, six random bytes and a MAC over everything it was made for.

import { type Bytes, equalBytes, fromBase64Url, toBase64Url } from '../base/bytes.ts'
import type { CryptoPort, Mac } from '../base/crypto.ts'
import { isPromise } from '../base/lazily.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { type Challenge, jtiOf } from '../registry/spend.ts'
import { AUDIENCE_NAME_LENGTH, type ChallengePurpose } from '../base/wire/audience-name.ts'
import { EXPIRY_BYTES, type Purposes, RANDOM_BYTES, putUint32 } from './challenge-purposes.ts'

const MAC_BYTES = 14
const MAC_AT = EXPIRY_BYTES + RANDOM_BYTES
const SECRET_BYTES = MAC_AT + MAC_BYTES

/** How far the clocks of two isolates may differ, in seconds. */
const CLOCK_SKEW_SECONDS = 60

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
  /** What challenges are made for. */
  readonly purposes: Purposes
  /** The first makes challenges, all check them. Not empty. */
  readonly keys: readonly Mac[]
  readonly lifetimeSeconds: number
  readonly sha256: CryptoPort['sha256']
}

/** Reads what {@link putUint32} writes. */
const uint32At = (all: Bytes, at: number): number =>
  (((all[at] as number) << 24) |
    ((all[at + 1] as number) << 16) |
    ((all[at + 2] as number) << 8) |
    (all[at + 3] as number)) >>>
  0

/**
 * Makes a challenge of 64 characters `[A-Za-z0-9_-]`.
 * @param now Unix seconds
 */
export const makeChallenge = async (
  { purposes, keys, lifetimeSeconds }: ChallengeOptions,
  purpose: ChallengePurpose,
  now: number,
): Promise<string> => {
  const secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES))
  putUint32(secret, 0, now + lifetimeSeconds)
  const [first] = keys as readonly [Mac]
  const { name, macInput } = purposes.prepare(purpose)
  const mac = await first(macInput(secret))
  secret.set(mac.subarray(0, MAC_BYTES), MAC_AT)
  return name + toBase64Url(secret)
}

/**
 * Checks that an audience is a challenge of ours for this purpose, in time.
 * @param now Unix seconds
 * @returns the challenge; a refusal says why the audience is not a challenge that may be spent
 */
export const checkChallenge = async (
  { purposes, keys, lifetimeSeconds, sha256 }: ChallengeOptions,
  audience: string,
  purpose: ChallengePurpose,
  now: number,
): Promise<Result<Challenge, ChallengeRefusal>> => {
  const secret = SHAPE.test(audience) && fromBase64Url(audience.slice(AUDIENCE_NAME_LENGTH))
  // Each half holds 24 bytes in 32 characters, so no bit is left over: two texts never decode to the
  // same bytes, and an audience always re-encodes to itself.
  if (!secret || secret.length !== SECRET_BYTES) return refuse('challenge_malformed')
  const { name, macInput } = purposes.prepare(purpose)
  if (!audience.startsWith(name)) return refuse('challenge_for_another')

  const tag = secret.subarray(MAC_AT)
  const input = macInput(secret)
  let isOurs = false
  for (const mac of keys) {
    const made = mac(input)
    const bytes = isPromise(made) ? await made : made
    if (equalBytes(bytes.subarray(0, MAC_BYTES), tag)) isOurs = true
  }
  if (!isOurs) return refuse('challenge_not_ours')

  const expiresAt = uint32At(secret, 0)
  if (expiresAt <= now) return refuse('challenge_expired')
  if (expiresAt > now + lifetimeSeconds + CLOCK_SKEW_SECONDS) return refuse('challenge_from_future')
  const id = secret.subarray(EXPIRY_BYTES)
  return accept({ id, jti: jtiOf(id, { sha256 }), expiresAt })
}
