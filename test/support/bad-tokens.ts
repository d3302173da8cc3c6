// The bad tokens for tests, and beside each what this project's own verifiers must say of it.

import type { TokenErrorCode } from '../../src/relying-party/token-error.ts'
import {
  BAD_TOKEN_NAMES,
  type BadTokenName,
  firstPrivateKey,
  makeBadToken,
  resign,
} from '../../src/cli/probe/bad-tokens.ts'

export { BAD_TOKEN_NAMES, type BadTokenName }

/** What bad tokens are made from. */
export interface BadTokenSource {
  /** A token of the service that a relying party admits: unbound, not expired. */
  readonly goodToken: string
  /** The private JWKS of the service, as it is configured; the first key signs. */
  readonly privateKeys: string
  /** Thumbprint of the key that bound tokens are bound to. Default: of a key that nobody has. */
  readonly jkt?: string
}

/** What the project's own verifiers say of a bad token. */
interface Verdict {
  /** Code of the `TokenError` of `rollcall/relying-party`, by default options. */
  readonly library: TokenErrorCode
  /** Status of `/v1/authorize`, which is asked for the token's own audience and role. */
  readonly authorize: 401 | 403
  /**
   * Whether introspection calls it active for an operator: audience, role and the proof are for the relying party to
   * check. A relying party's own key gets `active: false` for another audience too.
   */
  readonly active?: true
}

/** What the project's own verifiers must say, by name. */
export const BAD_TOKENS: Readonly<Record<BadTokenName, Verdict>> = {
  expired: { library: 'token_expired', authorize: 401 },
  'nbf in half an hour': { library: 'token_not_yet_valid', authorize: 401 },
  'no exp': { library: 'claims_incomplete', authorize: 401 },
  'no aud': { library: 'claims_incomplete', authorize: 401 },
  'another aud': { library: 'audience_mismatch', authorize: 403, active: true },
  'aud as text': { library: 'claims_incomplete', authorize: 401 },
  'another iss': { library: 'issuer_mismatch', authorize: 401 },
  'iss with a slash at its end': { library: 'issuer_mismatch', authorize: 401 },
  'signed by another key': { library: 'signature_invalid', authorize: 401 },
  'unknown kid': { library: 'key_unknown', authorize: 401 },
  'kid like a path': { library: 'key_unknown', authorize: 401 },
  'no kid': { library: 'key_unknown', authorize: 401 },
  "typ of an operator's token": { library: 'token_malformed', authorize: 401 },
  'typ of a proof': { library: 'token_malformed', authorize: 401 },
  'foreign key in the header': { library: 'signature_invalid', authorize: 401 },
  'bound to a key': { library: 'bound_token_refused', authorize: 401, active: true },
  'bound to a certificate': { library: 'binding_unknown', authorize: 401 },
  'bound to a key and a certificate': { library: 'binding_unknown', authorize: 401 },
  'another role': { library: 'role_not_allowed', authorize: 403, active: true },
  crit: { library: 'token_malformed', authorize: 401 },
  'alg none': { library: 'algorithm_refused', authorize: 401 },
  'HS256 with the public key': { library: 'algorithm_refused', authorize: 401 },
  'altered after it was signed': { library: 'signature_invalid', authorize: 401 },
  'no signature': { library: 'signature_invalid', authorize: 401 },
  'a claim twice': { library: 'token_malformed', authorize: 401 },
  'alg None': { library: 'algorithm_refused', authorize: 401 },
  'alg NONE': { library: 'algorithm_refused', authorize: 401 },
  'alg nOnE': { library: 'algorithm_refused', authorize: 401 },
  'an empty alg': { library: 'algorithm_refused', authorize: 401 },
  'no alg': { library: 'token_malformed', authorize: 401 },
  'alg none with a signature': { library: 'algorithm_refused', authorize: 401 },
  'HS256 with the PEM, trimmed': { library: 'algorithm_refused', authorize: 401 },
  'HS256 with the DER': { library: 'algorithm_refused', authorize: 401 },
  'HS256 with the JWK': { library: 'algorithm_refused', authorize: 401 },
  'HS256 with the bare key': { library: 'algorithm_refused', authorize: 401 },
  'HS256 with an empty secret': { library: 'algorithm_refused', authorize: 401 },
  'HS512 with the public key': { library: 'algorithm_refused', authorize: 401 },
  'a signature of zeros': { library: 'signature_invalid', authorize: 401 },
  'two parts alone': { library: 'token_malformed', authorize: 401 },
  'expired two minutes ago': { library: 'token_expired', authorize: 401 },
  'aud that begins with yours': { library: 'audience_mismatch', authorize: 403, active: true },
  'aud that ends with yours': { library: 'audience_mismatch', authorize: 403, active: true },
  'aud that is a part of yours': { library: 'audience_mismatch', authorize: 403, active: true },
  'role that begins with yours': { library: 'role_not_allowed', authorize: 403, active: true },
  'role that ends with yours': { library: 'role_not_allowed', authorize: 403, active: true },
  'a claim twice, yours first': { library: 'token_malformed', authorize: 401 },
}

/**
 * Bad tokens that an API server of Kubernetes admits by the printed file, as the same node. None can be made without a
 * signing key of the service.
 */
export const ADMITTED_BY_KUBERNETES: ReadonlySet<BadTokenName> = new Set([
  'aud as text',
  'no kid',
  "typ of an operator's token",
  'typ of a proof',
  'a claim twice',
])

/** One bad token: its name, the token, and whether it would be good with a proof by the key of `jkt`. */
export type BadToken = readonly [name: BadTokenName, token: string, needsProof?: true]

/** The good token with some claims changed, signed with the service's key: a variant of a test's own. */
export const resignToken = (
  { goodToken, privateKeys }: BadTokenSource,
  change: Readonly<Record<string, unknown>>,
): string => resign(goodToken, firstPrivateKey(privateKeys), change)

/** Makes all of them, in the order of {@link BAD_TOKEN_NAMES}. */
export const makeBadTokens = ({
  goodToken,
  privateKeys,
  jkt,
}: BadTokenSource): readonly BadToken[] => {
  const privateKey = firstPrivateKey(privateKeys)
  return BAD_TOKEN_NAMES.map((name) => {
    const token = makeBadToken(name, goodToken, privateKey, jkt)
    return name === 'bound to a key' ? [name, token, true] : [name, token]
  })
}
