// Compact JWS (RFC 7515) made with node:crypto and nothing else: the second producer of proofs and of
// operators' tokens, and the only one that also makes what no library would.

import { calculateJwkThumbprint } from 'jose'
import { type JsonWebKey, type KeyObject, generateKeyPairSync } from 'node:crypto'
import { nextRsaPair } from '../../support/rsa-keys.ts'

export {
  type Sign,
  compactJws,
  hmacSigner,
  part,
  signer,
} from '../../../src/cli/probe/compact-jws.ts'

export type Algorithm = 'ES256' | 'RS256' | 'EdDSA'
export const ALGORITHMS: readonly Algorithm[] = ['ES256', 'RS256', 'EdDSA']

/** A key pair of a client or of an operator. */
export interface TestKey {
  readonly alg: Algorithm
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: JsonWebKey
  /** RFC 7638, as jose has it. */
  readonly thumbprint: string
}

const pairOf = (alg: Algorithm): { privateKey: KeyObject; publicKey: KeyObject } => {
  if (alg === 'RS256') return nextRsaPair()
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** Makes a key pair. */
export const makeKey = async (alg: Algorithm = 'ES256'): Promise<TestKey> => {
  const { privateKey, publicKey } = pairOf(alg)
  const jwk = publicKey.export({ format: 'jwk' })
  return { alg, privateKey, publicKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) }
}
