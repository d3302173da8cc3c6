// Signing keys: a private JWKS (RFC 7517). The first key signs, all are published; a key without
// `d` is published only. Weak, symmetric and contradictory keys are refused at start. No error
// message holds a part of a key.

import type { JWK } from 'jose'
import { type Bytes, fromBase64Url } from '../base/bytes.ts'
import { type CryptoPort, type KeyOptions, type MessageSigner, WEB_CRYPTO } from '../base/crypto.ts'
import { parseUniqueJson } from '../base/json.ts'
import { lazilyJudged } from '../base/lazily.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { ConfigurationError } from '../base/errors.ts'
import type { TokenAlgorithmName } from './algorithms.ts'
import type { Signer } from './jws.ts'
import { type PublicKey, readPrivateKey, readPublicKey, tryPublicKey } from './public-key.ts'

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

/** One text: some platforms find it when they import the key, others when they use it. */
const MISMATCH = 'the private part is not valid, or does not match the public key'

/** A key whose members are right; nothing of it is imported. */
interface ReadKey {
  readonly publicKey: PublicKey
  readonly jwk: PublicJwk
  /** Of a private key: its members, and the bytes of `d`. */
  readonly private?: { readonly bare: JWK; readonly secret: Bytes }
}

/** A key and what signs with it, if it is private. */
interface LoadedKey extends ReadKey {
  readonly signer: Signer | undefined
}

/** Whether what the private half signs verifies under the public half: a JWK may hold two keys' halves. */
const halvesBelongTogether = async (
  sign: MessageSigner,
  { algorithm: { subtle }, key }: PublicKey,
): Promise<boolean> => crypto.subtle.verify(subtle, await key(), await sign(PROBE), PROBE)

/** Whether the platform refused the key itself (WebCrypto, `DataError`); any other failure may pass. */
const isRefusedKey = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'DataError'

/** Imports both halves of a private key and tries them. */
const importSigner = async (
  publicKey: PublicKey,
  bare: JWK,
  port: CryptoPort,
): Promise<Result<MessageSigner, string>> => {
  await publicKey.key()
  const sign = await port.signer(bare as JsonWebKey, publicKey.algorithm.alg)
  return (await halvesBelongTogether(sign, publicKey)) ? accept(sign) : refuse(MISMATCH)
}

/**
 * What signs with a private key, imported and tried when it is first needed. A key that is refused stays refused: no
 * later call imports it again. After any other failure the next call does.
 * @param index in its set
 */
const signerOf = (
  { publicKey, private: half }: ReadKey,
  index: number,
  port: CryptoPort,
): Signer | undefined => {
  if (half === undefined) return undefined
  const { algorithm, thumbprint: kid } = publicKey
  const load = lazilyJudged<MessageSigner>(async () => {
    const problem = (text: string) => new ConfigurationError([`keys.${index}: ${text}`])
    try {
      const sign = await importSigner(publicKey, half.bare, port)
      return sign.ok ? sign : refuse(problem(sign.refusal))
    } catch (error) {
      const tried = await tryPublicKey(publicKey)
      // The platform's own error goes no further: it may quote the key.
      const unusable = problem(tried.ok ? MISMATCH : tried.refusal)
      if (isRefusedKey(error)) return refuse(unusable)
      throw unusable
    }
  })
  return { algorithm, kid, load, toBase64Url: port.toBase64Url }
}

/** Imports and tries a key. @returns a line for each problem */
const problemsOf = async (
  { publicKey }: ReadKey,
  index: number,
  signer: Signer | undefined,
): Promise<readonly string[]> => {
  if (signer === undefined) {
    const tried = await tryPublicKey(publicKey)
    return tried.ok ? [] : [`keys.${index}: ${tried.refusal}`]
  }
  try {
    await signer.load()
    return []
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
}

/** Reads one key. A refusal says what is wrong with it. */
const readKey = (input: unknown): Result<ReadKey, string> => {
  const read = readPublicKey(input)
  if (!read.ok) return read
  const publicKey = read.value
  const { algorithm, thumbprint: kid, jwk: bare } = publicKey
  const { alg } = algorithm
  const jwk = input as JWK
  if (jwk.kid !== undefined && jwk.kid !== kid) {
    return refuse(`"kid" must be the key's RFC 7638 thumbprint: leave it out, or write "${kid}"`)
  }
  const published = { ...bare, kid, alg, use: 'sig' } as PublicJwk
  if (jwk.d === undefined) return accept({ publicKey, jwk: published })
  const members = readPrivateKey(jwk, algorithm)
  if (!members.ok) return members
  const secret = fromBase64Url(jwk.d)
  if (secret === undefined) return refuse(`not a private key of ${alg}`)
  return accept({ publicKey, jwk: published, private: { bare: members.value, secret } })
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
 * Reads a private JWKS and its keys.
 * @param json the set as text or parsed: P-256 (ES256), RSA of at least 2048 bits (RS256), Ed25519 (EdDSA). The
 *   first key signs, so it must be private; `rollcall keygen` makes one
 * @param options how they are loaded. Default: by WebCrypto, at once
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
export const parseSigningKeys = async (
  json: unknown,
  { crypto: port = WEB_CRYPTO, importKeys = 'at start' }: KeyOptions = {},
): Promise<SigningKeys> => {
  const set = parseKeySet(json)
  if (!set.ok) throw new ConfigurationError([set.refusal])
  const problems: string[] = []
  const loaded: LoadedKey[] = []
  for (const [index, input] of set.value.entries()) {
    const key = readKey(input)
    if (!key.ok) problems.push(`keys.${index}: ${key.refusal}`)
    else if (loaded.some(({ jwk }) => jwk.kid === key.value.jwk.kid)) {
      problems.push(`keys.${index}: the same key occurs twice`)
    } else {
      const signer = signerOf(key.value, index, port)
      if (importKeys === 'at start') problems.push(...(await problemsOf(key.value, index, signer)))
      loaded.push({ ...key.value, signer })
    }
  }
  const [first] = loaded
  if (problems.length === 0 && first?.signer === undefined) {
    problems.push('keys.0: the first key signs, so it must be private')
  }
  if (problems.length > 0 || first?.signer === undefined) throw new ConfigurationError(problems)
  return {
    signer: first.signer,
    jwks: { keys: loaded.map(({ jwk }) => jwk) },
    publicKeys: loaded.map(({ publicKey }) => publicKey),
    algorithms: [...new Set(loaded.map(({ jwk }) => jwk.alg))],
    secrets: loaded.flatMap(({ private: half }) => (half === undefined ? [] : [half.secret])),
  }
}
