// A private key that a client signs with: an operator's, or the one that a token is bound to.

import { parseUniqueJson } from '../base/json.ts'
import { OPERATOR_NAME_PATTERN } from '../token/operator-keys.ts'
import type { Signer } from '../token/jws.ts'
import type { PublicKey } from '../token/public-key.ts'
import { parseSigningKeys } from '../token/signing-keys.ts'

/** A private key, ready to sign with. */
export interface PrivateKey {
  readonly signer: Signer
  readonly publicKey: PublicKey
  /** The operator's name, where the key has a member `name` beside those of RFC 7517. */
  readonly name: string | undefined
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/**
 * Reads a private key.
 * @param json a JWK, or a JWKS whose first key it is, as text or parsed: P-256, RSA of at least 2048 bits, Ed25519
 * @throws ConfigurationError with one line for each problem; none holds a part of a key
 */
export const parsePrivateKey = async (json: unknown): Promise<PrivateKey> => {
  const parsed = typeof json === 'string' ? parseUniqueJson(json) : undefined
  const value = parsed === undefined ? json : parsed.ok ? parsed.value : undefined
  const set = isObject(value) && 'kty' in value ? { keys: [value] } : value
  const { signer, publicKeys } = await parseSigningKeys(set)
  const [{ name } = {}] = (set as { readonly keys: readonly { readonly name?: unknown }[] }).keys
  return {
    signer,
    publicKey: publicKeys[0] as PublicKey,
    name: typeof name === 'string' && OPERATOR_NAME_PATTERN.test(name) ? name : undefined,
  }
}
