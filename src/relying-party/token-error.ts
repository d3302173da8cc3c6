// The error of a refused token. Its message says what was expected; it holds no token, proof or claim, so it may be
// logged.

import type { ProofRefusal } from '../token/proof.ts'

/** Why a token is refused. The codes are stable: callers may `switch` on them. */
export type TokenErrorCode =
  /** The request shows no token, or not by exactly one `Authorization: Bearer TOKEN` or `DPoP TOKEN`. */
  | 'token_missing'
  /** Not one compact JWS of `typ` `JWT` with unique claims; or `crit` demands an extension. */
  | 'token_malformed'
  /** `alg` is not one of `algorithms`, or not the algorithm of the key. */
  | 'algorithm_refused'
  /** The issuer publishes no key of this `kid`. */
  | 'key_unknown'
  /** The signature does not verify. */
  | 'signature_invalid'
  /** Another service issued it. */
  | 'issuer_mismatch'
  /** A claim is missing, or has another shape than the service writes. */
  | 'claims_incomplete'
  /** It is for another relying party. */
  | 'audience_mismatch'
  /** `exp` is in the past. */
  | 'token_expired'
  /** `iat` or `nbf` is in the future. */
  | 'token_not_yet_valid'
  /** The evidence carried no challenge of the service. */
  | 'acr_mismatch'
  /** The role is not one of `roles`. */
  | 'role_not_allowed'
  /** A field of the instance is not one of those in `match`. */
  | 'instance_not_matched'
  /** `cnf` says something else than the thumbprint of one key. */
  | 'binding_unknown'
  /** It is bound to a key, and `bound` is `refuse`. */
  | 'bound_token_refused'
  /** It is not bound to a key, and `bound` is `require`. */
  | 'binding_required'
  /** It is bound to a key, and the request shows no proof. */
  | 'proof_missing'
  /** The proof is refused (RFC 9449 section 4.3). */
  | ProofRefusal
  /** The issuer's keys cannot be had: it is unreachable, or its answer is not what discovery promises. */
  | 'keys_unavailable'
  /** The ledger of used proofs is unreachable. */
  | 'ledger_unavailable'

/** A token that is refused, or that cannot be verified now. `code` says why. */
export class TokenError extends Error {
  /** Always `TokenError`. */
  override readonly name = 'TokenError'
  /** The check that refused the token. */
  readonly code: TokenErrorCode

  constructor(code: TokenErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.code = code
  }
}
