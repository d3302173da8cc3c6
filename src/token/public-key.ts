// Public keys as JWKs (RFC 7517) of the algorithms that we take: ours, operators' and clients'. What
// is weak, symmetric or of another type is refused. No message holds a part of a key.

import type { JWK } from 'jose'
import { type Bytes, fromBase64Url, toBase64Url, utf8 } from '../base/bytes.ts'
import { sha256 } from '../base/sha256.ts'
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from './algorithms.ts'

/** A public key, ready to verify with. */
export interface PublicKey {
  readonly algorithm: TokenAlgorithm
  readonly key: CryptoKey
  /** RFC 7638 thumbprint, SHA-256. */
  readonly thumbprint: string
  /** The members that make it up, and no other. */
  readonly jwk: JWK
}

const PUBLIC_EXPONENT = 'AQAB'

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const

/** The named members of a JWK and no others, or what is wrong with one of them. */
const pick = (
  jwk: JWK,
  names: readonly (keyof JWK)[],
  { problemOf }: TokenAlgorithm,
): JWK | string => {
  const bare: Record<string, unknown> = { kty: jwk.kty }
  const values: Record<string, Bytes> = {}
  for (const name of names) {
    const value = jwk[name]
    bare[name] = value
    if (name === 'crv') continue
    const bytes = typeof value === 'string' ? fromBase64Url(value) : undefined
    if (bytes === undefined) return `"${name}" is missing or not base64url without padding`
    values[name] = bytes
  }
  return problemOf(values) ?? (bare as JWK)
}

const importKey = async (
  jwk: JWK,
  { subtle }: TokenAlgorithm,
  usage: 'sign' | 'verify',
): Promise<CryptoKey | undefined> =>
  crypto.subtle.importKey('jwk', jwk, subtle, false, [usage]).catch(() => undefined)

/** Imports the private half of a JWK, or says what is wrong with it. */
export const importPrivateKey = async (
  jwk: JWK,
  algorithm: TokenAlgorithm,
): Promise<CryptoKey | string> => {
  const names = PRIVATE_MEMBERS.filter((name) => name in jwk)
  const bare = pick(jwk, [...algorithm.publicMembers, ...names], algorithm)
  if (typeof bare === 'string') return `not a private key of ${algorithm.alg}: ${bare}`
  const key = await importKey(bare, algorithm, 'sign')
  return key ?? `not a private key of ${algorithm.alg}`
}

/** RFC 7638: SHA-256 of the members that make the key up, in the order of their names. */
const thumbprintOf = (bare: JWK): string => {
  const members = Object.entries(bare).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return toBase64Url(sha256(utf8(JSON.stringify(Object.fromEntries(members)))))
}

/** Whether a JWK holds a private or symmetric key (RFC 7518 section 6). */
export const holdsSecret = (jwk: object): boolean =>
  ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].some((member) => member in jwk)

/** Loads the public half of a JWK, or says what is wrong with it. */
export const loadPublicKey = async (input: unknown): Promise<PublicKey | string> => {
  if (typeof input !== 'object' || input === null) return 'expected a JWK'
  const jwk = input as JWK
  if (jwk.kty === 'oct') return 'a symmetric key, with which relying parties could make tokens'
  const algorithm = TOKEN_ALGORITHMS.find(({ fits }) => fits(jwk))
  if (algorithm === undefined) return 'expected a key of P-256, RSA or Ed25519'
  const { alg, names, publicMembers } = algorithm
  if (jwk.alg !== undefined && !names.includes(jwk.alg)) {
    const expected = names.map((name) => `"${name}"`).join(' or ')
    return `expected "alg": ${expected} for this type of key`
  }
  if (jwk.use !== undefined && jwk.use !== 'sig') return 'expected "use": "sig"'
  if (jwk.kty === 'RSA' && jwk.e !== PUBLIC_EXPONENT) return 'expected the exponent 65537 ("AQAB")'

  const bare = pick(jwk, publicMembers, algorithm)
  if (typeof bare === 'string') return `not a public key of ${alg}: ${bare}`
  const key = await importKey(bare, algorithm, 'verify')
  if (key === undefined) return `not a public key of ${alg}`
  return { algorithm, key, thumbprint: thumbprintOf(bare), jwk: bare }
}
