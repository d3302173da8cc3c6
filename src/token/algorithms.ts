// The signature algorithms of tokens, in one table: code elsewhere takes an entry. RFC 7518 and
// RFC 8037; nothing symmetric, and no key that is weak today.

import type { JWK } from 'jose'
import { type SigningAlgorithm, SUBTLE_ALGORITHMS } from '../base/crypto.ts'
import type { Result } from '../base/result.ts'
import { type KeyValues, checkEd25519, checkP256, checkRsa } from './key-values.ts'

/** The `alg` of a token and of a published key (RFC 7518, RFC 8037). */
export type TokenAlgorithmName = SigningAlgorithm

/** One algorithm that tokens can be signed with. */
export interface TokenAlgorithm {
  /** The `alg` of RFC 7518 and RFC 8037, which our own tokens and JWKS have. */
  readonly alg: TokenAlgorithmName
  /**
   * Every `alg` by which others may name it. RFC 9864 deprecates `EdDSA`, which does not say the curve, in
   * favour of `Ed25519`; libraries send either.
   */
  readonly names: readonly string[]
  /** Whether a key is of this algorithm's type. */
  fits(jwk: JWK): boolean
  /** The public members of such a key (RFC 7518 section 6, RFC 8037 section 2). */
  readonly publicMembers: readonly ('crv' | 'x' | 'y' | 'n' | 'e')[]
  /** Checks the numbers of a key, public or private. A refusal says what is wrong with the key. */
  check(values: KeyValues): Result<KeyValues, string>
  /** What `crypto.subtle` needs to import a public key, and to verify. */
  readonly subtle: (typeof SUBTLE_ALGORITHMS)[SigningAlgorithm]
}

export const TOKEN_ALGORITHMS: readonly TokenAlgorithm[] = [
  {
    alg: 'ES256',
    names: ['ES256'],
    fits: ({ kty, crv }) => kty === 'EC' && crv === 'P-256',
    publicMembers: ['crv', 'x', 'y'],
    check: checkP256,
    subtle: SUBTLE_ALGORITHMS.ES256,
  },
  {
    alg: 'RS256',
    names: ['RS256'],
    fits: ({ kty }) => kty === 'RSA',
    publicMembers: ['n', 'e'],
    check: checkRsa,
    subtle: SUBTLE_ALGORITHMS.RS256,
  },
  {
    alg: 'EdDSA',
    names: ['EdDSA', 'Ed25519'],
    fits: ({ kty, crv }) => kty === 'OKP' && crv === 'Ed25519',
    publicMembers: ['crv', 'x'],
    check: checkEd25519,
    subtle: SUBTLE_ALGORITHMS.EdDSA,
  },
]
