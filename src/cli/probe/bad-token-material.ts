// What bad tokens are made from, and how a good token is changed in one place.

import { type JsonWebKey, type KeyObject, generateKeyPairSync } from 'node:crypto'
import type { Check } from './checks.ts'
import { type Sign, compactJws } from './compact-jws.ts'

/** Members of a header or of claims, by name. */
export type Members = Readonly<Record<string, unknown>>

/** A token that a relying party admits, in its parts. */
export interface Good {
  readonly token: string
  readonly header: Members
  readonly claims: Members & { readonly exp: number; readonly nbf: number; readonly iat: number }
  /** The public key of the issuer that signed the token. */
  readonly publicKey: KeyObject
}

/** What is signed anew needs the key of the issuer. */
export interface Material extends Good {
  readonly sign: Sign
  /** Thumbprint of the key that bound tokens are bound to. */
  readonly jkt: string
}

/** One kind of bad token: by the public key alone, or by the private key of the issuer. */
export type Kind = { readonly check: Check } & (
  { readonly forge: (good: Good) => string } | { readonly make: (material: Material) => string }
)

/** Signs the good claims, with some of them changed; `undefined` leaves one out. */
export const withClaims =
  (change: Members | ((claims: Good['claims']) => Members)) =>
  ({ header, claims, sign }: Material): string =>
    compactJws(
      header,
      { ...claims, ...(typeof change === 'function' ? change(claims) : change) },
      sign,
    )

/** Signs the good claims under a header with some members changed. */
export const withHeader =
  (change: Members) =>
  ({ header, claims, sign }: Material): string =>
    compactJws({ ...header, ...change }, claims, sign)

/** A key that the issuer does not have, of the same type as the one that it has. */
export const foreignKey = (like: KeyObject): { privateKey: KeyObject; jwk: JsonWebKey } => {
  const pair =
    like.asymmetricKeyType === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : like.asymmetricKeyType === 'ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey: pair.privateKey, jwk: pair.publicKey.export({ format: 'jwk' }) }
}

/** The three parts of a token, as they stand in it. */
export const partsOf = (token: string): [head: string, payload: string, signature: string] =>
  token.split('.') as [string, string, string]

/** Puts the times back, so that the token expired some seconds ago, and is like any that was kept too long. */
export const expiredFor = (seconds: number): ((material: Material) => string) =>
  withClaims(({ iat, nbf, exp }) => {
    const back = exp - Math.floor(Date.now() / 1000) + seconds
    return { iat: iat - back, nbf: nbf - back, exp: exp - back }
  })
