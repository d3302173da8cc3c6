// Signed tokens (RFC 7515, compact). Made: the claims and one signature. Opened: its key found, its
// signature verified, its claims read; what they must say is for the caller to check. Header members
// that lead to a key elsewhere (`jku`, `x5u`) are never followed.

import { type Bytes, fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../base/bytes.ts'
import type { CryptoPort, MessageSigner } from '../base/crypto.ts'
import { parseUniqueJson } from '../base/json.ts'
import { type Awaitable, isPromise } from '../base/lazily.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import type { TokenAlgorithm } from './algorithms.ts'
import type { PublicKey } from './public-key.ts'

/** Members of a header or of a payload, by name; nothing is known of their types. */
export type Members = Readonly<Record<string, unknown>>

/** A key to sign with. */
export interface Signer {
  readonly algorithm: TokenAlgorithm
  readonly kid: string
  /**
   * Signs with the key, which is imported at the first call.
   * @throws ConfigurationError if the key cannot be used
   */
  readonly load: () => Awaitable<MessageSigner>
  /** Encodes base64url. Default: our own encoder; the runtime's may be faster. */
  readonly toBase64Url?: CryptoPort['toBase64Url']
}

const json = (members: Members): Bytes => utf8(JSON.stringify(members))

/** The header as it stands in a token, with the dot behind it. */
const encodeHeader = (members: Members): string => `${toBase64Url(json(members))}.`

/** The headers of a key's tokens by `typ`: the service makes the same one for each token. */
const headers = /* @__PURE__ */ new WeakMap<Signer, Map<string, string>>()

const headerOf = (typ: string, signer: Signer): string => {
  const kept = headers.get(signer) ?? new Map<string, string>()
  headers.set(signer, kept)
  const { algorithm, kid } = signer
  const header = kept.get(typ) ?? encodeHeader({ alg: algorithm.alg, typ, kid })
  kept.set(typ, header)
  return header
}

/**
 * Signs claims. One call of the platform's: a library would add nothing but its size.
 * @throws ConfigurationError if the key cannot be used
 * @param names the key in the header, beside `typ` and `alg`. Default: its `kid`
 */
export const signJws = async (
  typ: string,
  claims: Members,
  signer: Signer,
  names?: Members,
): Promise<string> => {
  const { alg } = signer.algorithm
  const header = names === undefined ? headerOf(typ, signer) : encodeHeader({ alg, typ, ...names })
  const encode = signer.toBase64Url ?? toBase64Url
  const signed = header + encode(json(claims))
  const loaded = signer.load()
  const sign = isPromise(loaded) ? await loaded : loaded
  const made = sign(utf8(signed))
  return `${signed}.${encode(isPromise(made) ? await made : made)}`
}

/** Why a token was not opened. */
export type JwsRefusal = 'malformed' | 'key_refused' | 'signature_invalid'

/** Longest token in characters; one with an RSA key of 4096 bits in it has some 1,900. */
const MAX_LENGTH = 8192

/** Verifies a signature in base64url by the algorithm of the key. */
const verifySignature = async (
  { algorithm: { subtle }, key }: PublicKey,
  signed: string,
  signature: string,
): Promise<Result<true, JwsRefusal>> => {
  const bytes = fromBase64Url(signature)
  let refusal: JwsRefusal = 'key_refused'
  try {
    const imported = await key()
    refusal = 'signature_invalid'
    const isValid =
      bytes !== undefined && (await crypto.subtle.verify(subtle, imported, bytes, utf8(signed)))
    return isValid ? accept(true) : refuse(refusal)
  } catch {
    // A key that the platform does not take, or a signature that it does not take for one.
    return refuse(refusal)
  }
}

/** Reads a part of a token as an object with unique members; its base64url must be canonical. */
export const readPart = (text: string): Members | undefined => {
  const parsed = parseUniqueJson(fromUtf8(fromBase64Url(text) ?? new Uint8Array()) ?? '')
  const value = parsed.ok ? parsed.value : undefined
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Members)
    : undefined
}

/**
 * Opens a token. As with {@link signJws}, the platform does the cryptography: `alg` is compared with the algorithm of the
 * key that was found, so that the header never chooses how the signature is verified (RFC 8725 section 3.1).
 * @param typ each `typ` that the header may have, exactly; a token that needs extensions understood (`crit`) is refused
 * @param keyOf the key that a header names; the header's `alg` must name that key's own algorithm
 * @returns the claims
 */
export const openJws = async (
  token: string,
  typ: string | readonly (string | undefined)[],
  keyOf: (header: Members) => Promise<PublicKey | undefined> | PublicKey | undefined,
): Promise<Result<Members, JwsRefusal>> => {
  if (token.length > MAX_LENGTH) return refuse('malformed')
  const [head = '', payload = '', signature, ...more] = token.split('.')
  const header = readPart(head)
  const alg = header?.['alg']
  if (signature === undefined || more.length > 0) return refuse('malformed')
  if (header === undefined || typeof alg !== 'string') return refuse('malformed')
  const isOfType = [typ].flat().some((each) => each === header['typ'])
  if (!isOfType || 'crit' in header) return refuse('malformed')
  const publicKey = await keyOf(header)
  if (publicKey === undefined || !publicKey.algorithm.names.includes(alg)) {
    return refuse('key_refused')
  }
  const verified = await verifySignature(publicKey, `${head}.${payload}`, signature)
  if (!verified.ok) return verified
  const claims = readPart(payload)
  return claims === undefined ? refuse('malformed') : accept(claims)
}

/** Finds the key that a header names by its RFC 7638 thumbprint. */
export const keyByThumbprint =
  <Key extends PublicKey>(keys: readonly Key[]) =>
  ({ kid }: Members): Key | undefined =>
    keys.find(({ thumbprint }) => thumbprint === kid)
