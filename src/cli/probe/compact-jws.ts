// Compact JWS (RFC 7515) by node:crypto and nothing else: it also makes what no library would, as bad tokens must be.

import { type KeyObject, createHmac, sign as cryptoSign } from 'node:crypto'

/** Gives the signature over a signing input. */
export type Sign = (input: string) => Buffer

/** Signs with a private key, as its algorithm demands. */
export const signer =
  (key: KeyObject): Sign =>
  (input) => {
    const data = Buffer.from(input)
    if (key.asymmetricKeyType === 'ed25519') return cryptoSign(null, data, key)
    return cryptoSign('sha256', data, { key, dsaEncoding: 'ieee-p1363' })
  }

/** HS256 or HS512. */
export const hmacSigner =
  (secret: string | Buffer, alg: 'HS256' | 'HS512' = 'HS256'): Sign =>
  (input) =>
    createHmac(alg === 'HS256' ? 'sha256' : 'sha512', secret)
      .update(input)
      .digest()

/** Text, or the JSON of anything else, as base64url. */
export const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Puts a token together. A text becomes the header or the claims unchanged. */
export const compactJws = (header: unknown, claims: unknown, sign: Sign): string => {
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${sign(input).toString('base64url')}`
}
