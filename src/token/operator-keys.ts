// The public keys of operators: a JWKS without any private key. Beside the members of RFC 7517 a key may have
// a `name` and a `scope`, which pin who signs with it and what they may do.

import type { KeyOptions } from '../base/crypto.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import type { PublicKey } from './public-key.ts'
import { KEY_NAME_FORM, KEY_NAME_PATTERN, isKeyName, parsePublicKeySet } from './public-key-set.ts'

/** What an operator's key allows: `read` shows, `write` changes, `introspect` tells whether a token is active. */
export type OperatorScope = 'read' | 'write' | 'introspect'

/** Every {@link OperatorScope}. */
export const OPERATOR_SCOPES: readonly OperatorScope[] = ['read', 'write', 'introspect']

/** The public key of an operator. */
export interface OperatorKey extends PublicKey {
  /** The only `sub` that its tokens may have; absent: any. */
  readonly name: string | undefined
  /** What it may do; all where the key says nothing. Not empty. */
  readonly scope: readonly OperatorScope[]
}

/** What an operator's name looks like. */
export const OPERATOR_NAME_PATTERN: RegExp = KEY_NAME_PATTERN

type OperatorPins = Pick<OperatorKey, 'name' | 'scope'>

const isScope = (value: unknown): value is OperatorScope =>
  OPERATOR_SCOPES.some((scope) => scope === value)

const readPins = (jwk: object): Result<OperatorPins, string> => {
  const { name, scope = OPERATOR_SCOPES } = jwk as { name?: unknown; scope?: unknown }
  if (name !== undefined && !isKeyName(name)) return refuse(`"name": ${KEY_NAME_FORM}`)
  const isList = Array.isArray(scope) && scope.length > 0 && new Set(scope).size === scope.length
  if (!isList || !scope.every(isScope)) {
    const known = OPERATOR_SCOPES.map((each) => `"${each}"`).join(', ')
    return refuse(`"scope": expected a list of ${known}, each at most once`)
  }
  return accept({ name, scope })
}

/**
 * Reads the public keys of operators.
 * @param json the set as text or parsed: `{"keys": [{"kty": ..., "name"?: "alice", "scope"?: ["read"]}]}`, P-256,
 *   RSA of at least 2048 bits, or Ed25519
 * @param options when they are imported. Default: at once. Only WebCrypto verifies with them
 * @returns the keys
 * @throws ConfigurationError `configuration_invalid`, with one line for each problem; none holds a part of a key
 * @example
 * ```ts
 * import { parseOperatorKeys } from 'rollcall'
 *
 * const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
 *   'sign',
 *   'verify',
 * ])
 * const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey)
 * const [key] = await parseOperatorKeys({ keys: [{ ...jwk, name: 'alice', scope: ['read'] }] })
 * console.log(key?.name, key?.scope.join(' ')) // alice read
 * ```
 * @see RFC 7517 (JWK)
 */
export const parseOperatorKeys = (
  json: unknown,
  options: Pick<KeyOptions, 'importKeys'> = {},
): Promise<readonly OperatorKey[]> =>
  parsePublicKeySet(json, { members: ['name', 'scope'], read: readPins }, options)
