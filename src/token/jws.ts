// Signed tokens (RFC 7515, compact). Made: the claims and one signature. Opened: its key found, its
// signature verified, its claims read; what they must say is for the caller to check. Header members
// that lead to a key elsewhere (`jku`, `x5u`) are never followed.

import { compactVerify } from 'jose/jws/compact/verify'
import { fromUtf8, toBase64Url, utf8 } from '../base/bytes.ts'
import type { MessageSigner } from '../base/crypto.ts'
import { parseUniqueJson } from '../base/json.ts'
import type { Awaitable } from '../base/lazily.ts'
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
}

const part = (members: Members): string => toBase64Url(utf8(JSON.stringify(members)))

/**
 * Signs claims. One call of the platform's: a library would add nothing but its size.
 * @throws ConfigurationError if the key cannot be used
 * @param names the key in the header, beside `typ` and `alg`. Default: its `kid`
 */
export const signJws = async (
  typ: string,
  claims: Members,
  { algorithm: { alg }, kid, load }: Signer,
  names: Members = { kid },
): Promise<string> => {
  const signed = `${part({ alg, typ, ...names })}.${part(claims)}`
  const sign = await load()
  return `${signed}.${toBase64Url(await sign(utf8(signed)))}`
}

/** Why a token was not opened. */
export type JwsRefusal = 'malformed' | 'key_refused' | 'signature_invalid'

/** Longest token in characters; one with an RSA key of 4096 bits in it has some 1,900. */
const MAX_LENGTH = 8192

const membersOf = (payload: Uint8Array): Result<Members, JwsRefusal> => {
  const parsed = parseUniqueJson(fromUtf8(payload) ?? '')
  return parsed.ok && typeof parsed.value === 'object' && parsed.value !== null
    ? accept(parsed.value as Members)
    : refuse('malformed')
}

/**
 * Opens a token.
 * @param typ the header's `typ`, exactly; a token that needs extensions understood (`crit`) is refused
 * @param keyOf the key that a header names; the header's `alg` must name that key's own algorithm
 * @returns the claims
 */
export const openJws = async (
  token: string,
  typ: string,
  keyOf: (header: Members) => Promise<PublicKey | undefined> | PublicKey | undefined,
): Promise<Result<Members, JwsRefusal>> => {
  if (token.length > MAX_LENGTH) return refuse('malformed')
  let refusal: JwsRefusal = 'malformed'
  // The library takes a refusal of the key as an error only.
  const resolveKey = async (header: Members): Promise<CryptoKey> => {
    if (header['typ'] !== typ || 'crit' in header) throw new TypeError(refusal)
    refusal = 'key_refused'
    const publicKey = await keyOf(header)
    if (publicKey === undefined || !publicKey.algorithm.names.includes(header['alg'] as string)) {
      throw new TypeError(refusal)
    }
    const imported = await publicKey.key()
    refusal = 'signature_invalid'
    return imported
  }
  try {
    const { payload } = await compactVerify(token, resolveKey)
    return membersOf(payload)
  } catch {
    return refuse(refusal)
  }
}

/** Finds the key that a header names by its RFC 7638 thumbprint. */
export const keyByThumbprint =
  <Key extends PublicKey>(keys: readonly Key[]) =>
  ({ kid }: Members): Key | undefined =>
    keys.find(({ thumbprint }) => thumbprint === kid)
