// DPoP proofs (RFC 9449) of an enrollment: the client shows that it has the key that its token is to be
// bound to. The challenge is the proof's `nonce`, so the proof is as fresh as the challenge; clocks are wrong at
// boot, so `iat` must be there but isn't compared.

import { type Result, accept, refuse } from '../base/result.ts'
import { type Members, openJws } from './jws.ts'
import { type PublicKey, holdsSecret, readPublicKey } from './public-key.ts'

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
const embeddedKey = ({ jwk }: Members): PublicKey | undefined => {
  if (typeof jwk !== 'object' || jwk === null || holdsSecret(jwk)) return undefined
  const publicKey = readPublicKey(jwk)
  return publicKey.ok ? publicKey.value : undefined
}

/** A proof whose signature was verified under the key that it brings along. */
interface OpenedProof {
  readonly claims: Members
  readonly key: PublicKey
}

/**
 * Opens a proof: a compact JWS of `typ` `dpop+jwt`, signed with the key in its header.
 * @param proof the value of the one `DPoP` header; several joined by commas are no proof
 */
export const openProof = async (
  proof: string,
): Promise<
  Result<OpenedProof, 'dpop_malformed' | 'dpop_key_refused' | 'dpop_signature_invalid'>
> => {
  let key: PublicKey | undefined
  const opened = await openJws(proof, 'dpop+jwt', (header) => (key = embeddedKey(header)))
  if (!opened.ok) return refuse(`dpop_${opened.refusal}` as const)
  return key === undefined ? refuse('dpop_key_refused') : accept({ claims: opened.value, key })
}

/**
 * Verifies the proof of an enrollment.
 * @param proof the value of the one `DPoP` header; several joined by commas are no proof
 * @returns the key's RFC 7638 thumbprint
 */
export const verifyDpopProof = async (
  proof: string,
  { method, uri, nonce }: DpopExpectation,
): Promise<Result<{ readonly jkt: string }, DpopRefusal>> => {
  const opened = await openProof(proof)
  if (!opened.ok) return opened
  const { claims, key } = opened.value
  const { jti, htm, htu, iat } = claims
  if (typeof jti !== 'string' || jti === '') return refuse('dpop_malformed')
  // A proof with the hash of an access token is for a resource, not for getting a first token.
  if (typeof iat !== 'number' || 'ath' in claims) return refuse('dpop_malformed')
  if (htm !== method) return refuse('dpop_method_mismatch')
  if (htu !== uri) return refuse('dpop_uri_mismatch')
  return claims['nonce'] === nonce ? accept({ jkt: key.thumbprint }) : refuse('dpop_nonce_mismatch')
}
