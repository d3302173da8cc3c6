// The public keys of operators: a JWKS without any private key. Beside the members of RFC 7517 a key may have
// a `name` and a `scope`, which pin who signs with it and what they may do.

import type { KeyOptions } from '../base/crypto.ts'
import { ConfigurationError } from '../base/errors.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { type PublicKey, holdsSecret, readPublicKey, tryPublicKey } from './public-key.ts'
import { type PublishedKeys, parseKeySet } from './signing-keys.ts'

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

/** What an operator's name looks like: it ends up in a log and in a key of the ledger. */
export const OPERATOR_NAME_PATTERN: RegExp = /^[\x21-\x7e]{1,128}$/

const isScope = (value: unknown): value is OperatorScope =>
  OPERATOR_SCOPES.some((scope) => scope === value)

/**
 * The members that a key may have: those of RFC 7517 that tools write, and ours. Any other is refused, since a
 * misspelt `scope` would give a key all rights.
 */
const MEMBERS = 'kty crv x y n e kid alg use key_ops ext name scope'.split(' ')

/** Checks the members of a key, beside those that make it up. */
const checkMembers = (jwk: object, thumbprint: string): Result<object, string> => {
  const unknown = Object.keys(jwk).find((member) => !MEMBERS.includes(member))
  if (unknown !== undefined) {
    // A longer name could be a value that slipped: no message holds a part of a key.
    const shown = /^[\w#-]{1,32}$/.test(unknown) ? `the member "${unknown}"` : 'a member'
    return refuse(`${shown} is not known; a key may have ${MEMBERS.join(', ')}`)
  }
  const { kid = thumbprint } = jwk as { kid?: unknown }
  return kid === thumbprint
    ? accept(jwk)
    : refuse(`"kid" must be the key's RFC 7638 thumbprint: leave it out, or write "${thumbprint}"`)
}

/** What is pinned to a key. */
const readPins = (jwk: object): Result<Pick<OperatorKey, 'name' | 'scope'>, string> => {
  const { name, scope = OPERATOR_SCOPES } = jwk as { name?: unknown; scope?: unknown }
  if (name !== undefined && (typeof name !== 'string' || !OPERATOR_NAME_PATTERN.test(name))) {
    return refuse('"name": expected 1 to 128 characters of printable ASCII without spaces')
  }
  const isList = Array.isArray(scope) && scope.length > 0 && new Set(scope).size === scope.length
  if (!isList || !scope.every(isScope)) {
    const known = OPERATOR_SCOPES.map((each) => `"${each}"`).join(', ')
    return refuse(`"scope": expected a list of ${known}, each at most once`)
  }
  return accept({ name, scope })
}

const readOperatorKey = (input: unknown): Result<OperatorKey, string> => {
  if (typeof input === 'object' && input !== null && holdsSecret(input)) {
    return refuse('this is a private key; give public keys only')
  }
  const key = readPublicKey(input)
  if (!key.ok) return key
  const members = checkMembers(input as object, key.value.thumbprint)
  if (!members.ok) return members
  const pins = readPins(members.value)
  return pins.ok ? accept({ ...key.value, ...pins.value }) : pins
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
export const parseOperatorKeys = async (
  json: unknown,
  { importKeys = 'at start' }: Pick<KeyOptions, 'importKeys'> = {},
): Promise<readonly OperatorKey[]> => {
  const problems: string[] = []
  const keys: OperatorKey[] = []
  const set = parseKeySet(json, ['keys'])
  if (!set.ok) throw new ConfigurationError([set.refusal])
  for (const [index, input] of set.value.entries()) {
    const key = readOperatorKey(input)
    const tried = key.ok && importKeys === 'at start' ? await tryPublicKey(key.value) : key
    if (!key.ok) problems.push(`keys.${index}: ${key.refusal}`)
    else if (!tried.ok) problems.push(`keys.${index}: ${tried.refusal}`)
    else if (keys.some(({ thumbprint }) => thumbprint === key.value.thumbprint)) {
      problems.push(`keys.${index}: the same key occurs twice`)
    } else keys.push(key.value)
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
  return keys
}

/** Whether a key of operators is one that signs tokens, with which they could be confused. */
export const sharesKey = (
  operatorKeys: readonly PublicKey[],
  { publicKeys }: Pick<PublishedKeys, 'publicKeys'>,
): boolean =>
  operatorKeys.some((admin) =>
    publicKeys.some((signing) => signing.thumbprint === admin.thumbprint),
  )
