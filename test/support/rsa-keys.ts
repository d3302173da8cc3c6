// RSA keys that tests share, since making one takes 200 ms. Test files share the modules of their thread.

import { calculateJwkThumbprint } from 'jose'
import { type KeyPairKeyObjectResult, generateKeyPairSync } from 'node:crypto'
import { generateSigningKeys } from '../../src/token/generate.ts'

const pairs: KeyPairKeyObjectResult[] = []

/** One of two key pairs of 2048 bits that all tests of a thread share. */
export const sharedRsaPair = (which: 0 | 1 = 0): KeyPairKeyObjectResult =>
  (pairs[which] ??= generateKeyPairSync('rsa', { modulusLength: 2048 }))

/** So many keys in a row are different. */
const RING = 8
const ring: KeyPairKeyObjectResult[] = []
let taken = 0

/** A key pair of 2048 bits, another one than the seven before it. */
export const nextRsaPair = (): KeyPairKeyObjectResult => {
  const at = taken++ % RING
  return (ring[at] ??= generateKeyPairSync('rsa', { modulusLength: 2048 }))
}

/** A private JWKS as `generateSigningKeys()` makes it, with a shared key where it is of RSA. */
export const signingKeysOf = async (
  alg: 'ES256' | 'RS256' | 'EdDSA',
  which: 0 | 1 = 0,
): ReturnType<typeof generateSigningKeys> => {
  if (alg !== 'RS256') return generateSigningKeys(alg)
  const jwk = { ...sharedRsaPair(which).privateKey.export({ format: 'jwk' }), kty: 'RSA' }
  return { keys: [{ ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' }] }
}
