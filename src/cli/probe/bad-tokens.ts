// The bad tokens, by name, and how one is made.

import { type JsonWebKey, type KeyObject, createPrivateKey, createPublicKey } from 'node:crypto'
import { KINDS } from './bad-token-kinds.ts'
import {
  type Good,
  type Kind,
  type Material,
  type Members,
  partsOf,
  withClaims,
} from './bad-token-material.ts'
import type { Check } from './checks.ts'
import { signer } from './compact-jws.ts'
import { SPELLINGS } from './bad-token-spellings.ts'

const ALL = { ...KINDS, ...SPELLINGS } as const

/** The name of a bad token, which is what is wrong with it. */
export type BadTokenName = keyof typeof ALL

/** Every name. */
export const BAD_TOKEN_NAMES = Object.keys(ALL) as BadTokenName[]

/** What a relying party has to check, to refuse it. */
export const checkOf = (name: BadTokenName): Check => ALL[name].check

/** Those that everybody can make who has a good token and the public key of the issuer. */
export const FORGED_NAMES: readonly BadTokenName[] = BAD_TOKEN_NAMES.filter(
  (name) => 'forge' in ALL[name],
)

const NOBODYS_KEY = 'gXEc2IM4m4hUv9N4ZwGvL4jKWyyWlaAWo-C0Y2-ZC8g'

const members = (text: string): Members =>
  JSON.parse(Buffer.from(text, 'base64url').toString()) as Members

const goodOf = (token: string, publicKey: KeyObject): Good => {
  const [header, payload] = partsOf(token)
  return {
    token,
    header: members(header),
    claims: members(payload) as Good['claims'],
    publicKey,
  }
}

const materialOf = (token: string, privateKey: KeyObject, jkt: string): Material => ({
  ...goodOf(token, createPublicKey(privateKey)),
  sign: signer(privateKey),
  jkt,
})

/** Makes one of {@link FORGED_NAMES}. @param token a good one; its claims are in the bad token, too */
export const forgeBadToken = (name: BadTokenName, token: string, publicKey: KeyObject): string => {
  const kind: Kind = ALL[name]
  if (!('forge' in kind)) throw new RangeError(`${name}: needs the key of the issuer`)
  return kind.forge(goodOf(token, publicKey))
}

/**
 * Makes any of them.
 * @param token a good one, unbound; its claims are in the bad token, too
 * @param privateKey the key that signed it
 * @param jkt thumbprint of the key that bound tokens are bound to. Default: of a key that nobody has
 */
export const makeBadToken = (
  name: BadTokenName,
  token: string,
  privateKey: KeyObject,
  jkt: string = NOBODYS_KEY,
): string => {
  const kind: Kind = ALL[name]
  const material = materialOf(token, privateKey, jkt)
  return 'forge' in kind ? kind.forge(material) : kind.make(material)
}

/** The good token with some claims changed, signed with the key of the issuer. */
export const resign = (token: string, privateKey: KeyObject, change: Members): string =>
  withClaims(change)(materialOf(token, privateKey, NOBODYS_KEY))

/** The first key of a private JWKS, which is the one that signs. */
export const firstPrivateKey = (jwks: string): KeyObject => {
  const { keys } = JSON.parse(jwks) as { keys: [JsonWebKey] }
  return createPrivateKey({ key: keys[0], format: 'jwk' })
}
