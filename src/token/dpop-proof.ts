// DPoP proofs (RFC 9449) of an enrollment: the client shows that it has the key that its token is to be
// bound to. The proof's freshness is that of the challenge, which is its `nonce`; clocks are wrong at
// boot, so `iat` must be there but isn't compared.

import { type Result, accept, refuse } from '../base/result.ts'
import { type Members, openJws } from './jws.ts'
import { type PublicKey, holdsSecret, loadPublicKey } from './public-key.ts'

/** Why a proof was refused; codes for the audit event. */
export type DpopRefusal =
  /** Not one compact JWS of `typ` `dpop+jwt` with the claims of RFC 9449 section 4.2. */
  | 'dpop_malformed'
  /** No key, a private or symmetric one, a weak one, or one of another algorithm than `alg`. */
  | 'dpop_key_refused'
  | 'dpop_signature_invalid'
  | 'dpop_method_mismatch'
  | 'dpop_uri_mismatch'
  /** The nonce is not the challenge that the evidence carries. */
  | 'dpop_nonce_mismatch'
  /** The challenge was made for another key. */
  | 'dpop_key_not_of_challenge'

/** What a proof must be of. */
export interface DpopExpectation {
  readonly method: string
  /** Exactly, from the configuration: never what a Host header says. */
  readonly uri: string
  readonly nonce: string
}

/** The key that a proof brings along; never a private one, which it would give away. */
const embeddedKey = async ({ jwk }: Members): Promise<PublicKey | undefined> => {
  if (typeof jwk !== 'object' || jwk === null || holdsSecret(jwk)) return undefined
  const publicKey = await loadPublicKey(jwk)
  return publicKey.ok ? publicKey.value : undefined
}

/**
 * Verifies a proof.
 * @param proof the value of the one `DPoP` header; several joined by commas are no proof
 * @returns the key's RFC 7638 thumbprint
 */
export const verifyDpopProof = async (
  proof: string,
  { method, uri, nonce }: DpopExpectation,
): Promise<Result<{ readonly jkt: string }, DpopRefusal>> => {
  let jkt: string | undefined
  const opened = await openJws(proof, 'dpop+jwt', async (header) => {
    const key = await embeddedKey(header)
    jkt = key?.thumbprint
    return key
  })
  if (!opened.ok) return refuse(`dpop_${opened.refusal}` as const)
  const claims = opened.value
  const { jti, htm, htu, iat } = claims
  if (jkt === undefined || typeof jti !== 'string' || jti === '') return refuse('dpop_malformed')
  // A proof with the hash of an access token is for a resource, not for getting a first token.
  if (typeof iat !== 'number' || 'ath' in claims) return refuse('dpop_malformed')
  if (htm !== method) return refuse('dpop_method_mismatch')
  if (htu !== uri) return refuse('dpop_uri_mismatch')
  return claims['nonce'] === nonce ? accept({ jkt }) : refuse('dpop_nonce_mismatch')
}
