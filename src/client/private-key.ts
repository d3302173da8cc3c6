// A private key with which a client signs: an operator's key, or the key that a token is bound to.

import { ConfigurationError } from '../base/errors.ts'
import { parseUniqueJson } from '../base/json.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import type { Signer } from '../token/jws.ts'
import { OPERATOR_NAME_PATTERN } from '../token/operator-keys.ts'
import type { PublicKey } from '../token/public-key.ts'
import { parseSigningKeys } from '../token/signing-keys.ts'
import { type KeyInstance, membersOfInstance, readKeyInstance } from './key-instance.ts'

/** A private key, ready to sign with. */
export interface PrivateKey {
  /** @internal */
  readonly signer: Signer
  /** The public half. */
  readonly publicKey: PublicKey
  /** The operator's name, if the key has a member `name` beside those of RFC 7517. */
  readonly name: string | undefined
  /**
   * The instance that the key was made for, if its members `instance_id` and `serial_number` name
   * one.
   */
  readonly instance?: KeyInstance | undefined
  /**
   * A member that no key of an instance has; it shows that the key is of a service, an operator or
   * a relying party.
   * @internal
   */
  readonly otherMember?: string | undefined
}

/** A single key, or a key of a set. */
type Jwk = Readonly<Record<string, unknown>>

const FORM = 'expected a private JWK, {"kty": ...}, or a JWKS with one, {"keys": [...]}'

const isObject = (value: unknown): value is Jwk =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Takes the key from a JWK, or from a set with one key. The refusal says what is wrong. */
const oneKey = (json: unknown): Result<Jwk, string> => {
  const parsed = typeof json === 'string' ? parseUniqueJson(json) : accept(json)
  if (!parsed.ok) {
    return refuse(parsed.refusal === 'not_json' ? `not JSON: ${FORM}` : 'a member occurs twice')
  }
  const { value } = parsed
  if (isObject(value) && 'kty' in value) return accept(value)
  const keys: unknown = isObject(value) ? value['keys'] : undefined
  const [key]: readonly unknown[] = Array.isArray(keys) ? keys : []
  if (!isObject(key)) return refuse(FORM)
  const count = (keys as readonly unknown[]).length
  return count === 1
    ? accept(key)
    : refuse(`the set has ${count} keys, as a service's signing keys may; a client has one key`)
}

/** Members of the key of an operator or a relying party. */
const OF_OPERATORS = ['name', 'scope', 'audiences']

/** Members that every key of `rollcall keygen` and `rollcall admin keygen` has. */
const OF_GENERATED = ['use', 'kid']

/**
 * Finds a member that no key of an instance has. A key that names its instance is of that instance,
 * also if it has the members of RFC 7517 that generated keys have.
 */
const otherMemberOf = (jwk: Jwk, instance: KeyInstance | undefined): string | undefined => {
  const members = instance === undefined ? [...OF_OPERATORS, ...OF_GENERATED] : OF_OPERATORS
  return members.find((member) => member in jwk)
}

/** The refusal of a key that has such a member. */
export const ofOthers = (member: string): string =>
  `the key of a service, an operator or a relying party (it has "${member}")`

/** The members of a key beside those that a signer needs. */
const readMarks = (
  jwk: Jwk,
): Result<Pick<PrivateKey, 'name' | 'instance' | 'otherMember'>, string> => {
  const { name } = jwk
  if ('rotation' in jwk) {
    return refuse('"rotation" marks a signing key of a service; a client needs a key of its own')
  }
  if (name !== undefined && (typeof name !== 'string' || !OPERATOR_NAME_PATTERN.test(name))) {
    return refuse('"name": expected 1 to 128 characters of printable ASCII without spaces')
  }
  const read = readKeyInstance(jwk)
  if (!read.ok) return read
  const { value: instance } = read
  return accept({ name, instance, otherMember: otherMemberOf(jwk, instance) })
}

/**
 * Reads the private key of a client: an operator's key, or the key that a token is bound to.
 * @param json a JWK, or a JWKS with one key, as text or parsed: P-256, RSA of at least 2048 bits, Ed25519
 * @returns the key
 * @throws ConfigurationError `configuration_invalid`, with one line for each problem; none holds a part of a key
 * @example
 * ```ts
 * import { parsePrivateKey } from 'rollcall/client'
 *
 * const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
 *   'sign',
 *   'verify',
 * ])
 * const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
 * const { name, publicKey } = await parsePrivateKey({ ...jwk, name: 'alice' })
 * console.log(name, publicKey.jwk.kty) // alice EC
 * ```
 * @see RFC 7517 (JWK)
 */
export const parsePrivateKey = async (json: unknown): Promise<PrivateKey> => {
  const jwk = oneKey(json)
  if (!jwk.ok) throw new ConfigurationError([jwk.refusal])
  const { signer, publicKeys } = await parseSigningKeys({ keys: [jwk.value] })
  const marks = readMarks(jwk.value)
  if (!marks.ok) throw new ConfigurationError([marks.refusal])
  return { signer, publicKey: publicKeys[0] as PublicKey, ...marks.value }
}

/**
 * Marks a key with the instance that it is for. An enrollment refuses the key on another instance,
 * such as an instance that was started from an image of this one. The key of a service, an operator
 * or a relying party is never marked.
 * @param json the text of a JWK, or of a JWKS with one key
 * @param instance from `askInstance()`
 * @returns the same text with the members `instance_id` and `serial_number` in the key
 * @throws ConfigurationError `configuration_invalid` if the text is neither, or if the key has a member of a
 *   generated signing key (`use`, `kid`) or of an operator's key (`name`, `scope`, `audiences`)
 * @example
 * ```ts
 * import { markPrivateKey } from 'rollcall/client'
 *
 * const marked = markPrivateKey('{"kty":"EC"}', { instanceId: 'i-1', serialNumber: 's-1' })
 * console.log(marked.trim()) // {"kty":"EC","instance_id":"i-1","serial_number":"s-1"}
 * ```
 * @see RFC 7517 section 4 (members that a reader does not know are ignored)
 */
export const markPrivateKey = (json: string, instance: KeyInstance): string => {
  const jwk = oneKey(json)
  if (!jwk.ok) throw new ConfigurationError([jwk.refusal])
  const marks = readMarks(jwk.value)
  if (!marks.ok) throw new ConfigurationError([marks.refusal])
  const { otherMember } = marks.value
  if (otherMember !== undefined) throw new ConfigurationError([ofOthers(otherMember)])
  const marked = { ...jwk.value, ...membersOfInstance(instance) }
  const whole = JSON.parse(json) as Jwk
  return `${JSON.stringify('kty' in whole ? marked : { ...whole, keys: [marked] })}\n`
}
