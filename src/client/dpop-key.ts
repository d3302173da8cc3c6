// The key that a token is bound to (RFC 9449), and the proofs that this client has it: at each enrollment, at each
// exchange, and for each request that shows the token.

import { toBase64Url, utf8 } from '../base/bytes.ts'
import { sha256 } from '../base/sha256.ts'
import { signJws } from '../token/jws.ts'
import type { KeyInstance } from './key-instance.ts'
import type { PrivateKey } from './private-key.ts'

/** What a proof is for: the claims of RFC 9449 section 4.2. */
export interface ProofPurpose {
  /** Method of the request, in upper case: the `htm` claim. */
  readonly method: string
  /** Address of the request. Its query and fragment are left out: the `htu` claim. */
  readonly uri: string
  /** Unix seconds: the `iat` claim. For a token that is shown, `proofTime()` gives it. */
  readonly now: number
  /** Of an enrollment: the challenge, the `nonce` claim. Default: none. */
  readonly nonce?: string | undefined
  /** The token that the request shows; its hash is the `ath` claim. Default: none. */
  readonly accessToken?: string | undefined
}

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
   * Makes the value of the `DPoP` header of one request. Each call makes a new one.
   * @param purpose the request, its time, and the token or the challenge that it is for
   */
  prove(purpose: ProofPurpose): Promise<string>
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
 * const uri = 'https://app.example/nodes'
 * const now = Date.now() / 1000
 * const proof = await dpopKey.prove({ method: 'GET', uri, accessToken: 'the-token', now })
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
  prove({ method, uri, now, nonce, accessToken }) {
    const claims = {
      jti: crypto.randomUUID(),
      htm: method,
      htu: uri.replace(/[?#].*$/s, ''),
      iat: Math.floor(now),
      ...(nonce !== undefined && { nonce }),
      ...(accessToken !== undefined && { ath: toBase64Url(sha256(utf8(accessToken))) }),
    }
    return signJws('dpop+jwt', claims, signer, { jwk })
  },
})
