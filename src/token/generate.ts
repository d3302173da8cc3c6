// New signing keys, for the command line and for tests.

import type { JWK } from 'jose'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { exportJWK } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'
import type { TokenAlgorithm } from './algorithms.ts'

/**
 * Makes a private JWKS with one key.
 * @param alg ES256 suits most relying parties; Kubernetes refuses EdDSA
 */
export const generateSigningKeys = async (
  alg: TokenAlgorithm['alg'],
): Promise<{ readonly keys: readonly JWK[] }> => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  return { keys: [{ ...jwk, kid, alg, use: 'sig' }] }
}
