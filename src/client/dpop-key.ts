// The key that a token is bound to (RFC 9449), proved at each enrollment.

import { toBase64Url, utf8 } from '../base/bytes.ts'
import type { PrivateKey } from './private-key.ts'

/** A key that can be proved. */
export interface DpopKey {
  /** RFC 7638 thumbprint, for `dpop_jkt` of the challenge. */
  readonly thumbprint: string
  /**
   * Makes the `DPoP` header of `POST <uri>`.
   * @param nonce the challenge
   * @param now Unix seconds
   */
  prove(uri: string, nonce: string, now: number): Promise<string>
}

const part = (members: object): string => toBase64Url(utf8(JSON.stringify(members)))

/** Makes what proves a key. */
export const createDpopKey = ({ signer, publicKey }: PrivateKey): DpopKey => {
  const { jwk, thumbprint } = publicKey
  const { alg, subtle } = signer.algorithm
  return {
    thumbprint,
    async prove(uri, nonce, now) {
      const claims = {
        jti: crypto.randomUUID(),
        htm: 'POST',
        htu: uri,
        iat: Math.floor(now),
        nonce,
      }
      const signed = `${part({ typ: 'dpop+jwt', alg, jwk })}.${part(claims)}`
      const signature = await crypto.subtle.sign(subtle, signer.key, utf8(signed))
      return `${signed}.${toBase64Url(new Uint8Array(signature))}`
    },
  }
}
