// The key that a token is bound to (RFC 9449), proved at each enrollment.

import { signJws } from '../token/jws.ts'
import type { KeyInstance } from './key-instance.ts'
import type { PrivateKey } from './private-key.ts'

/** A key whose possession can be proved. */
export interface DpopKey {
  /** RFC 7638 thumbprint, for `dpop_jkt` of the challenge. */
  readonly thumbprint: string
  /**
   * The instance that the key was made for; another instance cannot enroll with it, and sends no
   * request.
   */
  readonly instance?: KeyInstance | undefined
  /**
   * Makes the `DPoP` header of `POST <uri>`.
   * @param uri what the proof is for, `<issuer>/v1/enroll`: its `htu` claim
   * @param nonce the challenge: its `nonce` claim
   * @param now Unix seconds
   */
  prove(uri: string, nonce: string, now: number): Promise<string>
}

/**
 * Creates the prover of a private key, so that a token can be bound to it.
 * @param privateKey from `parsePrivateKey()`
 * @returns the key for `dpopKey` of an enrollment
 * @example
 * ```ts
 * import { createDpopKey, parsePrivateKey } from 'rollcall/client'
 *
 * // `rollcall enroll --dpop-key FILE` makes such a key.
 * const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
 *   'sign',
 *   'verify',
 * ])
 * const privateKey = await parsePrivateKey(await crypto.subtle.exportKey('jwk', pair.privateKey))
 * const dpopKey = createDpopKey(privateKey)
 * console.log(dpopKey.thumbprint.length) // 43
 *
 * const url = 'https://rollcall.example/v1/enroll'
 * const proof = await dpopKey.prove(url, 'the-challenge', Date.now() / 1000)
 * console.log(proof.split('.').length) // 3
 * ```
 * @see RFC 9449 (DPoP)
 */
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
