// The signature algorithms of tokens, in one table: code elsewhere takes an entry. RFC 7518 and
// RFC 8037; nothing symmetric, and no key that is weak today.

import type { JWK } from 'jose'

/** One algorithm that tokens can be signed with. */
export interface TokenAlgorithm {
  /** The `alg` of RFC 7518 and RFC 8037. */
  readonly alg: 'ES256' | 'RS256' | 'EdDSA'
  /** All names under which others may sign with such a key: RFC 9864 gives EdDSA on Ed25519 its own. */
  readonly names: readonly string[]
  /** Whether a key is of this algorithm's type. */
  fits(jwk: JWK): boolean
  /** The public members of such a key (RFC 7518 section 6, RFC 8037 section 2). */
  readonly publicMembers: readonly ('crv' | 'x' | 'y' | 'n' | 'e')[]
  /** What `crypto.subtle` wants to hear when it imports a key, signs and verifies. */
  readonly subtle: { readonly name: string; readonly hash?: string; readonly namedCurve?: string }
}

export const TOKEN_ALGORITHMS: readonly TokenAlgorithm[] = [
  {
    alg: 'ES256',
    names: ['ES256'],
    fits: ({ kty, crv }) => kty === 'EC' && crv === 'P-256',
    publicMembers: ['crv', 'x', 'y'],
    subtle: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
  },
  {
    alg: 'RS256',
    names: ['RS256'],
    fits: ({ kty }) => kty === 'RSA',
    publicMembers: ['n', 'e'],
    subtle: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  },
  {
    alg: 'EdDSA',
    names: ['EdDSA', 'Ed25519'],
    fits: ({ kty, crv }) => kty === 'OKP' && crv === 'Ed25519',
    publicMembers: ['crv', 'x'],
    subtle: { name: 'Ed25519' },
  },
]
