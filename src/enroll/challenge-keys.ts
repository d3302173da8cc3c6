// The MAC keys of challenges: one for each private signing key, so that a deployment has no further
// secret to keep, or a set of its own. The first makes challenges, all check them.

import { type Bytes, utf8 } from '../base/bytes.ts'

/** Length of a challenge key in bytes. */
export const CHALLENGE_KEY_BYTES = 32

const importKey = (raw: Bytes): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])

/** HKDF-SHA-256 (RFC 5869) of a private key's bytes, with an empty salt. */
const derive = async (secret: Bytes): Promise<Bytes> => {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const info = utf8('rollcall-challenge-v1')
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, CHALLENGE_KEY_BYTES * 8))
}

/** The keys of a set made for challenges alone, {@link CHALLENGE_KEY_BYTES} each. */
export const importChallengeKeys = (raw: readonly Bytes[]): Promise<CryptoKey[]> =>
  Promise.all(raw.map(importKey))

/** The keys derived from the private signing keys. */
export const deriveChallengeKeys = (secrets: readonly Bytes[]): Promise<CryptoKey[]> =>
  Promise.all(secrets.map(async (secret) => importKey(await derive(secret))))
