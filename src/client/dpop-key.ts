// The key that a token is bound to (RFC 9449), proved at each enrollment.

import { signJws } from '../token/jws.ts'
import type { KeyInstance } from './key-instance.ts'
import type { PrivateKey } from './private-key.ts'

/** A key that can be proved. */
export interface DpopKey {
  /** RFC 7638 thumbprint, for `dpop_jkt` of the challenge. */
  readonly thumbprint: string
  /** The instance that the key was made for; an enrollment of another one is refused before anything is asked. */
  readonly instance?: KeyInstance | undefined
  /**
   * Makes the `DPoP` header of `POST <uri>`.
   * @param nonce the challenge
   * @param now Unix seconds
   */
  prove(uri: string, nonce: string, now: number): Promise<string>
}

/** Makes what proves a key. */
export const createDpopKey = ({
  signer,
  publicKey: { jwk, thumbprint },
  instance,
}: PrivateKey): DpopKey => ({
  thumbprint,
  instance,
  prove(uri, nonce, now) {
    const iat = Math.floor(now)
    const claims = { jti: crypto.randomUUID(), htm: 'POST', htu: uri, iat, nonce }
    return signJws('dpop+jwt', claims, signer, { jwk })
  },
})
