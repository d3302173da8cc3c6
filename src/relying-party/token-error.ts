// The error of a refused token. Its message says what was expected; it holds no token, proof or claim, so it may be
// logged.

/** Why a token is refused. The codes are stable: callers may `switch` on them. */
export type TokenErrorCode =
  /** The request has no `Authorization`. */
  | 'token_missing'
  /** `Authorization` is not exactly one of `Bearer TOKEN`, or `DPoP TOKEN` with one `DPoP` header. */
  | 'authorization_malformed'
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
  /** It is not bound to a key, and `bound` is `require`, or it came with a proof. */
  | 'binding_required'
  /** It is bound to a key, and came without a proof. */
  | 'proof_missing'
  /** The proof is not one JWS of `typ` `dpop+jwt` with `jti`, `htm`, `htu` and `iat`. */
  | 'dpop_malformed'
  /** The key in the proof is missing, private, weak or of another algorithm. */
  | 'dpop_key_refused'
  /** The signature of the proof does not verify. */
  | 'dpop_signature_invalid'
  /** The proof is for another method. */
  | 'dpop_method_mismatch'
  /** The proof is for another address than `publicUrl` with the path of the request. */
  | 'dpop_uri_mismatch'
  /** The proof is for another token, or for none. */
  | 'dpop_token_mismatch'
  /** The proof is by another key than the one that the token is bound to. */
  | 'dpop_key_mismatch'
  /** `iat` of the proof is more than 60 seconds away, or before the ledger began. */
  | 'dpop_not_in_time'
  /** The proof was used before. */
  | 'dpop_replayed'
  /** The keys are not available: the issuer is unreachable, or its answer is not what it should be. */
  | 'keys_unavailable'
  /** The ledger of used proofs is unreachable. */
  | 'ledger_unavailable'

const MESSAGES: Readonly<Record<TokenErrorCode, string>> = {
  token_missing: 'the request has no Authorization header; send "Authorization: Bearer TOKEN"',
  authorization_malformed:
    'Authorization is malformed; send it once: "Bearer TOKEN", or "DPoP TOKEN" with one DPoP header',
  token_malformed:
    'the token is not a compact JWT of typ "JWT" with unique claims and without crit',
  algorithm_refused:
    'the token has an alg that is not in "algorithms", or not the algorithm of its key',
  key_unknown: 'the issuer publishes no key with the kid of the token',
  signature_invalid: 'the signature of the token does not verify',
  issuer_mismatch: 'another service issued the token; expected iss to equal "issuer"',
  claims_incomplete: 'a claim of the token is missing or has another shape than the service writes',
  audience_mismatch: 'the token is for another relying party; expected one of "audience" in aud',
  token_expired: 'the token has expired; the instance must get a new one',
  token_not_yet_valid: 'iat or nbf of the token is in the future; compare the clocks',
  acr_mismatch: 'the evidence of the token carried no challenge of the service',
  role_not_allowed: 'the role of the token is not one of "roles"',
  instance_not_matched: 'a field of the instance does not match "match"',
  binding_unknown: 'cnf of the token is not the thumbprint of one key',
  bound_token_refused:
    'the token is bound to a key, and "bound" is "refuse"; set it to "require", or exchange the token',
  binding_required: 'the token is not bound to a key; expected a bound token with its proof',
  proof_missing: 'the token is bound to a key; send it as "DPoP TOKEN" with a DPoP header',
  dpop_malformed: 'the proof is not one JWS of typ "dpop+jwt" with jti, htm, htu and iat',
  dpop_key_refused: 'the key in the proof is missing, private, weak or of another algorithm',
  dpop_signature_invalid: 'the signature of the proof does not verify',
  dpop_method_mismatch: 'the proof is for another method; expected htm to equal the method',
  dpop_uri_mismatch:
    'the proof is for another address; expected htu to be "publicUrl" and the path',
  dpop_token_mismatch: 'the proof is for another token; expected ath to be the hash of the token',
  dpop_key_mismatch: 'the proof is by another key than the one that the token is bound to',
  dpop_not_in_time: 'iat of the proof is more than 60 s away, or before the ledger began',
  dpop_replayed: 'the proof was used before; each request needs a new one',
  keys_unavailable: 'the keys of the issuer are not available',
  ledger_unavailable: 'the ledger of used proofs is unreachable; retry later',
}

/**
 * A token that is refused, or that cannot be verified now. `code` says why.
 *
 * @example
 * ```ts
 * import { TokenError, createTokenVerifier } from 'rollcall/relying-party'
 *
 * const issuer = 'https://rollcall.example'
 * const verifier = createTokenVerifier({ issuer, audience: 'https://cluster.example' })
 * try {
 *   await verifier.verify('not a token')
 * } catch (error) {
 *   if (!(error instanceof TokenError)) throw error
 *   console.log(error.code) // token_malformed
 * }
 * ```
 */
export class TokenError extends Error {
  /** Always `TokenError`. */
  override readonly name = 'TokenError'
  /** The check that refused the token. */
  readonly code: TokenErrorCode

  constructor(code: TokenErrorCode, options: ErrorOptions & { readonly detail?: string } = {}) {
    const { detail, ...rest } = options
    super(detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`, rest)
    this.code = code
  }
}

/** Whether an error says that verification is impossible now, and nothing about the token. */
export const isTemporary = ({ code }: Pick<TokenError, 'code'>): boolean =>
  code === 'keys_unavailable' || code === 'ledger_unavailable'
