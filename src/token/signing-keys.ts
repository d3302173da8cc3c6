// Signing keys: a private JWKS (RFC 7517). The first key signs, all are published; a key without
// `d` is published only. Weak, symmetric and contradictory keys are refused at start. No error
// message holds a part of a key.

import type { JWK } from 'jose'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { importJWK } from 'jose/key/import'
import { type Bytes, fromBase64Url } from '../bytes.ts'
import { parseUniqueJson } from '../codec/json.ts'
import { ConfigurationError } from '../errors.ts'
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from './algorithms.ts'

/** A published key: members of the allow-list `kty crv x y n e kid alg use`, never a private one. */
export interface PublicJwk {
  readonly kty: string
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
  /** RFC 7638 thumbprint, SHA-256. */
  readonly kid: string
  readonly alg: TokenAlgorithm['alg']
  readonly use: 'sig'
}

/** The keys of a service. */
export interface SigningKeys {
  readonly signer: {
    readonly kid: string
    readonly alg: TokenAlgorithm['alg']
    readonly key: CryptoKey
  }
  /** What `/.well-known/jwks.json` answers. */
  readonly jwks: { readonly keys: readonly PublicJwk[] }
  /** The algorithms of the published keys, the signer's first. */
  readonly algorithms: readonly TokenAlgorithm['alg'][]
  /** The bytes of `d` of each private key, in order: challenge keys are derived from them. */
  readonly secrets: readonly Bytes[]
}

const MIN_MODULUS_BITS = 2048
const PUBLIC_EXPONENT = 'AQAB'
const PROBE = /* @__PURE__ */ new TextEncoder().encode('rollcall')

interface LoadedKey {
  readonly jwk: PublicJwk
  readonly privateKey: CryptoKey | undefined
  readonly secret: Bytes | undefined
}

/** Whether what the private half signs verifies under the public half: a JWK may hold two keys' halves. */
const halvesBelongTogether = async (
  { subtle }: TokenAlgorithm,
  privateKey: CryptoKey,
  publicKey: CryptoKey,
): Promise<boolean> => {
  const signature = await crypto.subtle.sign(subtle, privateKey, PROBE)
  return crypto.subtle.verify(subtle, publicKey, signature, PROBE)
}

const importKey = async (jwk: JWK, alg: string): Promise<CryptoKey | undefined> => {
  try {
    return (await importJWK(jwk, alg)) as CryptoKey
  } catch {
    return undefined
  }
}

const hasModulusOf = (key: CryptoKey, bits: number): boolean =>
  !('modulusLength' in key.algorithm) || Number(key.algorithm.modulusLength) >= bits

/** Loads one key, or says what is wrong with it. */
const loadKey = async (input: unknown): Promise<LoadedKey | string> => {
  if (typeof input !== 'object' || input === null) return 'expected a JWK'
  const jwk = input as JWK
  if (jwk.kty === 'oct') return 'a symmetric key, with which relying parties could make tokens'
  const algorithm = TOKEN_ALGORITHMS.find(({ fits }) => fits(jwk))
  if (algorithm === undefined) return 'expected a key of P-256, RSA or Ed25519'
  const { alg, publicMembers } = algorithm
  if (jwk.alg !== undefined && jwk.alg !== alg)
    return `expected "alg": "${alg}" for this type of key`
  if (jwk.use !== undefined && jwk.use !== 'sig') return 'expected "use": "sig"'
  if (jwk.kty === 'RSA' && jwk.e !== PUBLIC_EXPONENT) return 'expected the exponent 65537 ("AQAB")'

  const members = publicMembers.map((member) => [member, jwk[member]])
  const bare = { kty: jwk.kty, ...Object.fromEntries(members) } as JWK
  const publicKey = await importKey(bare, alg)
  if (publicKey === undefined) return `not a public key of ${alg}`
  if (!hasModulusOf(publicKey, MIN_MODULUS_BITS)) return `weak: below ${MIN_MODULUS_BITS} bits`
  const kid = await calculateJwkThumbprint(bare)
  if (jwk.kid !== undefined && jwk.kid !== kid) {
    return `"kid" must be the key's RFC 7638 thumbprint: leave it out, or write "${kid}"`
  }
  const published = { ...bare, kid, alg, use: 'sig' } as PublicJwk
  if (jwk.d === undefined) return { jwk: published, privateKey: undefined, secret: undefined }

  const secret = typeof jwk.d === 'string' ? fromBase64Url(jwk.d) : undefined
  const { key_ops: _, ext: __, ...rest } = jwk
  const privateKey = await importKey(rest, alg)
  if (secret === undefined || privateKey === undefined) return `not a private key of ${alg}`
  const matches = await halvesBelongTogether(algorithm, privateKey, publicKey).catch(() => false)
  if (!matches) return 'the private half is not of this public key'
  return { jwk: published, privateKey, secret }
}

const parseKeySet = (json: unknown): readonly unknown[] => {
  const parsed = typeof json === 'string' ? parseUniqueJson(json) : { value: json }
  const value = 'value' in parsed ? parsed.value : undefined
  const keys = typeof value === 'object' && value !== null && 'keys' in value && value.keys
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new ConfigurationError(['expected a JWKS, {"keys": [...]}; `npm run keygen` makes one'])
  }
  return keys
}

/**
 * Reads a private JWKS and imports its keys.
 * @param json the set as text or parsed: P-256 (ES256), RSA of at least 2048 bits (RS256), Ed25519
 *   (EdDSA); the first key must be private
 * @throws ConfigurationError with one line for each problem; none holds a part of a key
 */
export const parseSigningKeys = async (json: unknown): Promise<SigningKeys> => {
  const problems: string[] = []
  const loaded: LoadedKey[] = []
  for (const [index, input] of parseKeySet(json).entries()) {
    const key = await loadKey(input)
    if (typeof key === 'string') problems.push(`keys.${index}: ${key}`)
    else if (loaded.some(({ jwk }) => jwk.kid === key.jwk.kid)) {
      problems.push(`keys.${index}: the same key is there twice`)
    } else loaded.push(key)
  }
  const [first] = loaded
  if (problems.length === 0 && first?.privateKey === undefined) {
    problems.push('keys.0: the first key signs, so it must be private')
  }
  if (problems.length > 0 || first?.privateKey === undefined) throw new ConfigurationError(problems)
  return {
    signer: { kid: first.jwk.kid, alg: first.jwk.alg, key: first.privateKey },
    jwks: { keys: loaded.map(({ jwk }) => jwk) },
    algorithms: [...new Set(loaded.map(({ jwk }) => jwk.alg))],
    secrets: loaded.flatMap(({ secret }) => (secret === undefined ? [] : [secret])),
  }
}
