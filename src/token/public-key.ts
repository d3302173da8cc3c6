// Public keys as JWKs (RFC 7517) of the algorithms that we take: ours, operators' and clients'. What
// is weak, symmetric or of another type is refused. No message holds a part of a key.

import type { JWK } from 'jose'
import { type Bytes, fromBase64Url, toBase64Url, utf8 } from '../base/bytes.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { sha256 } from '../base/sha256.ts'
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from './algorithms.ts'

/** A public key, ready to verify with. */
export interface PublicKey {
  /** @internal */
  readonly algorithm: TokenAlgorithm
  /** The imported key, for `verify` alone. */
  readonly key: CryptoKey
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

/** Imports one half of a key, from the members that belong to it. */
const importKey = async (
  jwk: JWK,
  names: readonly (keyof JWK)[],
  algorithm: TokenAlgorithm,
  usage: 'sign' | 'verify',
): Promise<Result<{ readonly bare: JWK; readonly key: CryptoKey }, string>> => {
  const problem = `not a ${usage === 'sign' ? 'private' : 'public'} key of ${algorithm.alg}`
  const bare = pick(jwk, names, algorithm)
  if (!bare.ok) return refuse(`${problem}: ${bare.refusal}`)
  try {
    const { subtle } = algorithm
    const key = await crypto.subtle.importKey('jwk', bare.value, subtle, false, [usage])
    return accept({ bare: bare.value, key })
  } catch {
    return refuse(problem)
  }
}

/** Imports the private half of a JWK. A refusal says what is wrong with it. */
export const importPrivateKey = async (
  jwk: JWK,
  algorithm: TokenAlgorithm,
): Promise<Result<CryptoKey, string>> => {
  const names = PRIVATE_MEMBERS.filter((name) => name in jwk)
  const imported = await importKey(jwk, [...algorithm.publicMembers, ...names], algorithm, 'sign')
  return imported.ok ? accept(imported.value.key) : imported
}

/** RFC 7638: SHA-256 of the members that make the key up, in the order of their names. */
const thumbprintOf = (bare: JWK): string => {
  const members = Object.entries(bare).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return toBase64Url(sha256(utf8(JSON.stringify(Object.fromEntries(members)))))
}

/** Whether a JWK holds a private or symmetric key (RFC 7518 section 6). */
export const holdsSecret = (jwk: object): boolean =>
  ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].some((member) => member in jwk)

/** Loads the public half of a JWK. A refusal says what is wrong with it, and holds no part of it. */
export const loadPublicKey = async (input: unknown): Promise<Result<PublicKey, string>> => {
  if (typeof input !== 'object' || input === null) return refuse('expected a JWK')
  const jwk = input as JWK
  if (jwk.kty === 'oct') {
    return refuse('a symmetric key, with which relying parties could make tokens')
  }
  const algorithm = TOKEN_ALGORITHMS.find(({ fits }) => fits(jwk))
  if (algorithm === undefined) return refuse('expected a key of P-256, RSA or Ed25519')
  const { names, publicMembers } = algorithm
  if (jwk.alg !== undefined && !names.includes(jwk.alg)) {
    const expected = names.map((name) => `"${name}"`).join(' or ')
    return refuse(`expected "alg": ${expected} for this type of key`)
  }
  if (jwk.use !== undefined && jwk.use !== 'sig') return refuse('expected "use": "sig"')
  if (jwk.kty === 'RSA' && jwk.e !== PUBLIC_EXPONENT) {
    return refuse('expected the exponent 65537 ("AQAB")')
  }
  const imported = await importKey(jwk, publicMembers, algorithm, 'verify')
  if (!imported.ok) return imported
  const { bare, key } = imported.value
  return accept({ algorithm, key, thumbprint: thumbprintOf(bare), jwk: bare })
}
