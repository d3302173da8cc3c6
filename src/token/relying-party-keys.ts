// The public keys of relying parties: a JWKS without any private key. Each key says who signs with it, and for which
// audiences that relying party may ask whether a token is active.

import type { KeyOptions } from '../base/crypto.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { AUDIENCE_PATTERN } from '../policy/schema.ts'
import type { PublicKey } from './public-key.ts'
import { KEY_NAME_FORM, isKeyName, parsePublicKeySet } from './public-key-set.ts'

/** The public key of a relying party. */
export interface RelyingPartyKey extends PublicKey {
  /** Its `client_id`: `iss` and `sub` of its assertions. Several keys may have one name. */
  readonly name: string
  /** It learns of tokens for one of these, and of no other token. Not empty. */
  readonly audiences: readonly string[]
}

type RelyingPartyPins = Pick<RelyingPartyKey, 'name' | 'audiences'>

const isAudience = (value: unknown): value is string =>
  typeof value === 'string' && AUDIENCE_PATTERN.test(value)

const readPins = (jwk: object): Result<RelyingPartyPins, string> => {
  const { name, audiences } = jwk as { name?: unknown; audiences?: unknown }
  if (!isKeyName(name)) return refuse(`"name": ${KEY_NAME_FORM}`)
  const isList =
    Array.isArray(audiences) && audiences.length > 0 && new Set(audiences).size === audiences.length
  return isList && audiences.every(isAudience)
    ? accept({ name, audiences })
    : refuse('"audiences": expected a list of audiences of the policy, each at most once')
}

/**
 * Reads the public keys of relying parties.
 * @param json the set as text or parsed: `{"keys": [{"kty": ..., "name": "gateway", "audiences": ["https://..."]}]}`,
 *   P-256, RSA of at least 2048 bits, or Ed25519
 * @param options when they are imported. Default: at once. Only WebCrypto verifies with them
 * @returns the keys
 * @throws ConfigurationError `configuration_invalid`, with one line for each problem; none holds a part of a key
 * @example
 * ```ts
 * import { parseRelyingPartyKeys } from 'rollcall'
 *
 * const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
 *   'sign',
 *   'verify',
 * ])
 * const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey)
 * const [key] = await parseRelyingPartyKeys({
 *   keys: [{ ...jwk, name: 'gateway', audiences: ['https://cluster.example'] }],
 * })
 * console.log(key?.name, key?.audiences.join(' ')) // gateway https://cluster.example
 * ```
 * @see RFC 7517 (JWK), RFC 7523 (what they sign)
 */
export const parseRelyingPartyKeys = (
  json: unknown,
  options: Pick<KeyOptions, 'importKeys'> = {},
): Promise<readonly RelyingPartyKey[]> =>
  parsePublicKeySet(json, { members: ['name', 'audiences'], read: readPins }, options)
