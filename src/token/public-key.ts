// Public keys as JWKs (RFC 7517) of the algorithms that we take: ours, operators' and clients'. What
// is weak, symmetric or of another type is refused. No message holds a part of a key.

import type { JWK } from 'jose'
import { type Bytes, fromBase64Url, toBase64Url, utf8 } from '../base/bytes.ts'
import { type Awaitable, lazily } from '../base/lazily.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { sha256 } from '../base/sha256.ts'
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from './algorithms.ts'

/** A public key, ready to verify with. */
export interface PublicKey {
  /** @internal */
  readonly algorithm: TokenAlgorithm
  /** The key, for `verify` alone. It is imported at the first call; rejects if the platform does not take it. */
  readonly key: () => Awaitable<CryptoKey>
  /** RFC 7638 thumbprint, SHA-256. */
  readonly thumbprint: string
  /** The members that make it up, and no other. */
  readonly jwk: JWK
}

const PUBLIC_EXPONENT = 'AQAB'

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const

/** The named members of a JWK and no others. */
const pick = (
  jwk: JWK,
  names: readonly (keyof JWK)[],
  { check }: TokenAlgorithm,
): Result<JWK, string> => {
  const bare: Record<string, unknown> = { kty: jwk.kty }
  const values: Record<string, Bytes> = {}
  for (const name of names) {
    const value = jwk[name]
    bare[name] = value
    if (name === 'crv') continue
    const bytes = typeof value === 'string' ? fromBase64Url(value) : undefined
    if (bytes === undefined) return refuse(`"${name}" is missing or not base64url without padding`)
    values[name] = bytes
  }
  const checked = check(values)
  return checked.ok ? accept(bare as JWK) : checked
}

/** The members of one half of a key, checked. @param names those that belong to it */
const membersOf = (
  jwk: JWK,
  names: readonly (keyof JWK)[],
  algorithm: TokenAlgorithm,
  half: 'private' | 'public',
): Result<JWK, string> => {
  const bare = pick(jwk, names, algorithm)
  return bare.ok ? bare : refuse(`not a ${half} key of ${algorithm.alg}: ${bare.refusal}`)
}

/** Checks the private half of a JWK, without importing it. A refusal says what is wrong with it. */
export const readPrivateKey = (jwk: JWK, algorithm: TokenAlgorithm): Result<JWK, string> => {
  const names = PRIVATE_MEMBERS.filter((name) => name in jwk)
  return membersOf(jwk, [...algorithm.publicMembers, ...names], algorithm, 'private')
}

/** RFC 7638: SHA-256 of the members that make the key up, in the order of their names. */
const thumbprintOf = (bare: JWK): string => {
  const members = Object.entries(bare).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return toBase64Url(sha256(utf8(JSON.stringify(Object.fromEntries(members)))))
}

/** Whether a JWK holds a private or symmetric key (RFC 7518 section 6). */
export const holdsSecret = (jwk: object): boolean =>
  ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].some((member) => member in jwk)

/**
 * Reads the public half of a JWK, without importing it: whether it can be used shows when it is. A refusal says
 * what is wrong with it, and holds no part of it.
 */
export const readPublicKey = (input: unknown): Result<PublicKey, string> => {
  if (typeof input !== 'object' || input === null) return refuse('expected a JWK')
  const jwk = input as JWK
  if (jwk.kty === 'oct') {
    return refuse('a symmetric key, with which relying parties could make tokens')
  }
  const algorithm = TOKEN_ALGORITHMS.find(({ fits }) => fits(jwk))
  if (algorithm === undefined) return refuse('expected a key of P-256, RSA or Ed25519')
  const { names, publicMembers, subtle } = algorithm
  if (jwk.alg !== undefined && !names.includes(jwk.alg)) {
    const expected = names.map((name) => `"${name}"`).join(' or ')
    return refuse(`expected "alg": ${expected} for this type of key`)
  }
  if (jwk.use !== undefined && jwk.use !== 'sig') return refuse('expected "use": "sig"')
  if (jwk.kty === 'RSA' && jwk.e !== PUBLIC_EXPONENT) {
    return refuse('expected the exponent 65537 ("AQAB")')
  }
  const members = membersOf(jwk, publicMembers, algorithm, 'public')
  if (!members.ok) return members
  const bare = members.value
  const key = lazily(async () => crypto.subtle.importKey('jwk', bare, subtle, false, ['verify']))
  return accept({ algorithm, key, thumbprint: thumbprintOf(bare), jwk: bare })
}

/** Imports a key that was read. A refusal says that the platform does not take it. */
export const tryPublicKey = async (publicKey: PublicKey): Promise<Result<PublicKey, string>> => {
  try {
    await publicKey.key()
    return accept(publicKey)
  } catch {
    return refuse(`not a public key of ${publicKey.algorithm.alg}`)
  }
}

/** Reads the public half of a JWK and imports it. */
export const loadPublicKey = async (input: unknown): Promise<Result<PublicKey, string>> => {
  const read = readPublicKey(input)
  return read.ok ? tryPublicKey(read.value) : read
}
