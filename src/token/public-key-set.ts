// Sets of public keys of others, operators and relying parties: a JWKS without any private key, whose keys say beside
// the members of RFC 7517 who signs with them and what they allow. A slip in such a member never gives more rights.

import type { KeyOptions } from '../base/crypto.ts'
import { ConfigurationError } from '../base/errors.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { type PublicKey, holdsSecret, readPublicKey, tryPublicKey } from './public-key.ts'
import { parseKeySet } from './signing-keys.ts'

/** What the name of a key looks like: it ends up in a log and in a key of the ledger. */
export const KEY_NAME_PATTERN: RegExp = /^[\x21-\x7e]{1,128}$/

/** Whether a value is the name of a key. */
export const isKeyName = (value: unknown): value is string =>
  typeof value === 'string' && KEY_NAME_PATTERN.test(value)

/** What a name must be, for messages. */
export const KEY_NAME_FORM = 'expected 1 to 128 characters of printable ASCII without spaces'

/** What the keys of a set say beside their key. */
export interface KeyPins<Pins extends object> {
  /** The names of the members. */
  readonly members: readonly string[]
  /** Reads the members of one key. A refusal names the member first. */
  readonly read: (jwk: object) => Result<Pins, string>
}

/** The members of RFC 7517 that tools write. Any other is refused, because it may be a misspelt one. */
const MEMBERS = 'kty crv x y n e kid alg use key_ops ext'.split(' ')

/** Checks the members of a key, beside those that make it up. */
const checkMembers = (
  jwk: object,
  thumbprint: string,
  own: readonly string[],
): Result<object, string> => {
  const known = [...MEMBERS, ...own]
  const unknown = Object.keys(jwk).find((member) => !known.includes(member))
  if (unknown !== undefined) {
    // A longer name could be a value that slipped: no message holds a part of a key.
    const shown = /^[\w#-]{1,32}$/.test(unknown) ? `the member "${unknown}"` : 'a member'
    return refuse(`${shown} is not known; a key may have ${known.join(', ')}`)
  }
  const { kid = thumbprint } = jwk as { kid?: unknown }
  return kid === thumbprint
    ? accept(jwk)
    : refuse(`"kid" must be the key's RFC 7638 thumbprint: leave it out, or write "${thumbprint}"`)
}

const readKey = <Pins extends object>(
  input: unknown,
  { members, read }: KeyPins<Pins>,
): Result<PublicKey & Pins, string> => {
  if (typeof input === 'object' && input !== null && holdsSecret(input)) {
    return refuse('this is a private key; give public keys only')
  }
  const key = readPublicKey(input)
  if (!key.ok) return key
  const checked = checkMembers(input as object, key.value.thumbprint, members)
  if (!checked.ok) return checked
  const pins = read(checked.value)
  return pins.ok ? accept({ ...key.value, ...pins.value }) : pins
}

/**
 * Reads a set of public keys.
 * @param json the set as text or parsed
 * @param pins what the keys say beside their key
 * @param options when they are imported. Default: at once. Only WebCrypto verifies with them
 * @throws ConfigurationError `configuration_invalid`, with one line for each problem; none holds a part of a key
 */
export const parsePublicKeySet = async <Pins extends object>(
  json: unknown,
  pins: KeyPins<Pins>,
  { importKeys = 'at start' }: Pick<KeyOptions, 'importKeys'> = {},
): Promise<readonly (PublicKey & Pins)[]> => {
  const problems: string[] = []
  const keys: (PublicKey & Pins)[] = []
  const set = parseKeySet(json, ['keys'])
  if (!set.ok) throw new ConfigurationError([set.refusal])
  for (const [index, input] of set.value.entries()) {
    const key = readKey(input, pins)
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

/**
 * Finds a key that is in another set, too: a signature with it could pass for another kind of token.
 * @returns its index, or -1
 */
export const sharedKeyIndex = (
  keys: readonly PublicKey[],
  others: readonly PublicKey[] = [],
): number =>
  keys.findIndex(({ thumbprint }) => others.some((other) => other.thumbprint === thumbprint))
