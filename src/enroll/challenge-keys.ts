// The MAC keys of challenges: one for each private signing key, so that a deployment has no further
// secret to keep, or a set of its own. The first makes challenges, all check them.

import { type Bytes, concatBytes, utf8 } from '../base/bytes.ts'
import type { CryptoPort, Mac } from '../base/crypto.ts'

/** Length of a challenge key in bytes. */
export const CHALLENGE_KEY_BYTES = 32

/** HKDF takes an absent salt as this many zeros (RFC 5869 section 2.2). */
const HASH_BYTES = 32

const INFO = 'rollcall-challenge-v1'

/**
 * HKDF-SHA-256 (RFC 5869) of a private key's bytes, with an empty salt. The output is as long as the hash, so
 * it is one block: HMAC of the secret (extract), then HMAC of the info and the block's number (expand).
 */
const derive = async (secret: Bytes, { hmac }: CryptoPort): Promise<Bytes> => {
  const extract = await hmac(new Uint8Array(HASH_BYTES))
  const expand = await hmac(await extract(secret))
  return expand(concatBytes(utf8(INFO), Uint8Array.of(1)))
}

/** The MACs by a set of keys made for challenges alone, {@link CHALLENGE_KEY_BYTES} each. */
export const loadChallengeKeys = (raw: readonly Bytes[], { hmac }: CryptoPort): Promise<Mac[]> =>
  Promise.all(raw.map((key) => hmac(key)))

/** The MACs by keys derived from the private signing keys. */
export const deriveChallengeKeys = (
  secrets: readonly Bytes[],
  crypto: CryptoPort,
): Promise<Mac[]> =>
  Promise.all(secrets.map(async (secret) => crypto.hmac(await derive(secret, crypto))))
