// Compact JWS (RFC 7515) made with node:crypto and nothing else: the second producer of proofs and of
// operators' tokens, and the only one that also makes what no library would.

import { calculateJwkThumbprint } from 'jose'
import {
  type JsonWebKey,
  type KeyObject,
  createHmac,
  generateKeyPairSync,
  sign as cryptoSign,
} from 'node:crypto'

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

/** Gives the signature over a signing input. */
export type Sign = (input: string) => Buffer

const pairOf = (alg: Algorithm): { privateKey: KeyObject; publicKey: KeyObject } => {
  if (alg === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** Makes a key pair. */
export const makeKey = async (alg: Algorithm = 'ES256'): Promise<TestKey> => {
  const { privateKey, publicKey } = pairOf(alg)
  const jwk = publicKey.export({ format: 'jwk' })
  return { alg, privateKey, publicKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) }
}

/** Signs with a private key, as its algorithm wants it. */
export const signer =
  (key: KeyObject): Sign =>
  (input) => {
    const data = Buffer.from(input)
    if (key.asymmetricKeyType === 'ed25519') return cryptoSign(null, data, key)
    return cryptoSign('sha256', data, { key, dsaEncoding: 'ieee-p1363' })
  }

/** HS256. */
export const hmacSigner =
  (secret: string | Buffer): Sign =>
  (input) =>
    createHmac('sha256', secret).update(input).digest()

/** Text, or the JSON of anything else, as base64url. */
export const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Puts a token together; a text is taken for a header or for claims as it stands. */
export const compactJws = (header: unknown, claims: unknown, sign: Sign): string => {
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${sign(input).toString('base64url')}`
}
