// Signing keys: a private JWKS (RFC 7517). The first key signs, all are published; a key without
// `d` is published only. Weak, symmetric and contradictory keys are refused at start. No error
// message holds a part of a key.

import type { JWK } from 'jose'
import { type Bytes, fromBase64Url } from '../base/bytes.ts'
import { parseUniqueJson } from '../base/json.ts'
import { ConfigurationError } from '../base/errors.ts'
import type { TokenAlgorithm } from './algorithms.ts'
import type { Signer } from './jws.ts'
import { type PublicKey, importPrivateKey, loadPublicKey } from './public-key.ts'

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

/** What everybody may know of the keys of a service: no private key can be reached from it. */
export interface PublishedKeys {
  /** What `/.well-known/jwks.json` answers. */
  readonly jwks: { readonly keys: readonly PublicJwk[] }
  /** The published keys, to verify our own tokens with. */
  readonly publicKeys: readonly PublicKey[]
  /** The algorithms of the published keys, the signer's first. */
  readonly algorithms: readonly TokenAlgorithm['alg'][]
}

/** The keys of a service, with its secrets. */
export interface SigningKeys extends PublishedKeys {
  readonly signer: Signer
  /** The bytes of `d` of each private key, in order: challenge keys are derived from them. */
  readonly secrets: readonly Bytes[]
}

/** The published part of the keys alone, for whatever does not sign. */
export const publishedKeys = ({ jwks, publicKeys, algorithms }: SigningKeys): PublishedKeys => ({
  jwks,
  publicKeys,
  algorithms,
})

const PROBE = /* @__PURE__ */ new TextEncoder().encode('rollcall')

interface LoadedKey {
  readonly publicKey: PublicKey
  readonly jwk: PublicJwk
  readonly privateKey?: CryptoKey
  readonly secret?: Bytes
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

/** Loads one key, or says what is wrong with it. */
const loadKey = async (input: unknown): Promise<LoadedKey | string> => {
  const publicKey = await loadPublicKey(input)
  if (typeof publicKey === 'string') return publicKey
  const { algorithm, thumbprint: kid, jwk: bare } = publicKey
  const { alg } = algorithm
  const jwk = input as JWK
  if (jwk.kid !== undefined && jwk.kid !== kid) {
    return `"kid" must be the key's RFC 7638 thumbprint: leave it out, or write "${kid}"`
  }
  const published = { ...bare, kid, alg, use: 'sig' } as PublicJwk
  if (jwk.d === undefined) return { publicKey, jwk: published }

  const privateKey = await importPrivateKey(jwk, algorithm)
  if (typeof privateKey === 'string') return privateKey
  const secret = fromBase64Url(jwk.d)
  if (secret === undefined) return `not a private key of ${alg}`
  const matches = await halvesBelongTogether(algorithm, privateKey, publicKey.key).catch(
    () => false,
  )
  if (!matches) return 'the private half is not of this public key'
  return { publicKey, jwk: published, privateKey, secret }
}

/**
 * The keys of a JWKS, as text or parsed.
 * @param members the only ones that the set may have. Default: any, as RFC 7517 section 5 has it
 * @throws ConfigurationError
 */
export const parseKeySet = (json: unknown, members?: readonly string[]): readonly unknown[] => {
  const parsed = typeof json === 'string' ? parseUniqueJson(json) : { value: json }
  const value = 'value' in parsed ? parsed.value : undefined
  const keys = typeof value === 'object' && value !== null && 'keys' in value && value.keys
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new ConfigurationError(['expected a JWKS, {"keys": [...]}; `npm run keygen` makes one'])
  }
  if (members !== undefined && Object.keys(value as object).some((it) => !members.includes(it))) {
    throw new ConfigurationError([`the set may have no other member than ${members.join(', ')}`])
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
    signer: {
      algorithm: first.publicKey.algorithm,
      kid: first.jwk.kid,
      key: first.privateKey,
    },
    jwks: { keys: loaded.map(({ jwk }) => jwk) },
    publicKeys: loaded.map(({ publicKey }) => publicKey),
    algorithms: [...new Set(loaded.map(({ jwk }) => jwk.alg))],
    secrets: loaded.flatMap(({ secret }) => (secret === undefined ? [] : [secret])),
  }
}
