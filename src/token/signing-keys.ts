// Signing keys: a private JWKS (RFC 7517). The first key signs, all are published; a key without
// `d` is published only. Weak, symmetric and contradictory keys are refused at start. No error
// message holds a part of a key.

import type { JWK } from 'jose'
import { type Bytes, fromBase64Url } from '../base/bytes.ts'
import { parseUniqueJson } from '../base/json.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { ConfigurationError } from '../base/errors.ts'
import type { TokenAlgorithm, TokenAlgorithmName } from './algorithms.ts'
import type { Signer } from './jws.ts'
import { type PublicKey, importPrivateKey, loadPublicKey } from './public-key.ts'

/** A published key: members of the allow-list `kty crv x y n e kid alg use`, never a private one. */
export interface PublicJwk {
  /** Type of the key: `EC`, `RSA` or `OKP`. */
  readonly kty: string
  /** Curve: `P-256` or `Ed25519`. */
  readonly crv?: string
  /** Of a key on a curve: the x coordinate, or the public key of Ed25519, base64url. */
  readonly x?: string
  /** Of P-256: the y coordinate, base64url. */
  readonly y?: string
  /** Of RSA: the modulus, base64url. */
  readonly n?: string
  /** Of RSA: the exponent, base64url. */
  readonly e?: string
  /** RFC 7638 thumbprint, SHA-256. */
  readonly kid: string
  /** The algorithm that it signs with. */
  readonly alg: TokenAlgorithmName
  /** Always `sig`. */
  readonly use: 'sig'
}

/** A set of published keys (RFC 7517 section 5). */
export interface PublicJwks {
  /** The keys, the signing one first. */
  readonly keys: readonly PublicJwk[]
}

/** What everybody may know of the keys of a service: no private key can be reached from it. */
export interface PublishedKeys {
  /** What `/.well-known/jwks.json` answers. */
  readonly jwks: PublicJwks
  /** The published keys, to verify our own tokens with. */
  readonly publicKeys: readonly PublicKey[]
  /** The algorithms of the published keys, the signer's first. */
  readonly algorithms: readonly TokenAlgorithmName[]
}

/** The keys of a service, with its secrets. */
export interface SigningKeys extends PublishedKeys {
  /** @internal */
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

/** Loads one key. A refusal says what is wrong with it. */
const loadKey = async (input: unknown): Promise<Result<LoadedKey, string>> => {
  const loaded = await loadPublicKey(input)
  if (!loaded.ok) return loaded
  const publicKey = loaded.value
  const { algorithm, thumbprint: kid, jwk: bare } = publicKey
  const { alg } = algorithm
  const jwk = input as JWK
  if (jwk.kid !== undefined && jwk.kid !== kid) {
    return refuse(`"kid" must be the key's RFC 7638 thumbprint: leave it out, or write "${kid}"`)
  }
  const published = { ...bare, kid, alg, use: 'sig' } as PublicJwk
  if (jwk.d === undefined) return accept({ publicKey, jwk: published })

  const privateKey = await importPrivateKey(jwk, algorithm)
  if (!privateKey.ok) return privateKey
  const secret = fromBase64Url(jwk.d)
  if (secret === undefined) return refuse(`not a private key of ${alg}`)
  const [ours, theirs] = [privateKey.value, publicKey.key]
  const matches = await halvesBelongTogether(algorithm, ours, theirs).catch(() => false)
  if (!matches) return refuse('the private part does not match the public key')
  return accept({ publicKey, jwk: published, privateKey: ours, secret })
}

/**
 * The keys of a JWKS, as text or parsed.
 * @param members the only ones that the set may have. Default: any, as RFC 7517 section 5 has it
 * @returns the keys, at least one; a refusal says what is wrong with the set
 */
export const parseKeySet = (
  json: unknown,
  members?: readonly string[],
): Result<readonly unknown[], string> => {
  const parsed = typeof json === 'string' ? parseUniqueJson(json) : accept(json)
  const value = parsed.ok ? parsed.value : undefined
  const keys = typeof value === 'object' && value !== null && 'keys' in value && value.keys
  if (!Array.isArray(keys) || keys.length === 0) {
    return refuse('expected a JWKS, {"keys": [...]}; `rollcall keygen` makes one')
  }
  if (members !== undefined && Object.keys(value as object).some((it) => !members.includes(it))) {
    return refuse(`unexpected member; the set may have ${members.join(', ')}`)
  }
  return accept(keys)
}

/**
 * Reads a private JWKS and imports its keys.
 * @param json the set as text or parsed: P-256 (ES256), RSA of at least 2048 bits (RS256), Ed25519 (EdDSA). The
 *   first key signs, so it must be private; `rollcall keygen` makes one
 * @returns the keys
 * @throws ConfigurationError `configuration_invalid`, with one line for each problem; none holds a part of a key
 * @example
 * ```ts
 * import { parseSigningKeys } from 'rollcall'
 *
 * const { jwks, algorithms } = await parseSigningKeys(process.env['ROLLCALL_SIGNING_KEYS'])
 * console.log(jwks.keys.length, algorithms.join(' ')) // 1 ES256
 * ```
 * @see RFC 7517 (JWK), RFC 7638 (thumbprint)
 */
export const parseSigningKeys = async (json: unknown): Promise<SigningKeys> => {
  const problems: string[] = []
  const loaded: LoadedKey[] = []
  const set = parseKeySet(json)
  if (!set.ok) throw new ConfigurationError([set.refusal])
  for (const [index, input] of set.value.entries()) {
    const key = await loadKey(input)
    if (!key.ok) problems.push(`keys.${index}: ${key.refusal}`)
    else if (loaded.some(({ jwk }) => jwk.kid === key.value.jwk.kid)) {
      problems.push(`keys.${index}: the same key occurs twice`)
    } else loaded.push(key.value)
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
