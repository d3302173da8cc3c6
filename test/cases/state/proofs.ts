// DPoP proofs (RFC 9449) of the tests' own clients, by jose and by implementations that share no code
// with it: jsonwebtoken, and node:crypto for Ed25519, which jsonwebtoken lacks.

import { SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { randomUUID } from 'node:crypto'
import { type Sign, type TestKey, compactJws, signer } from './independent-jws.ts'

type Members = Readonly<Record<string, unknown>>

/** What a proof says where it differs from a good one; `undefined` leaves a member out. */
export interface ProofChanges {
  readonly header?: Members
  readonly claims?: Members
  readonly sign?: Sign
}

/** The clock of a client that has just booted: nobody compares it. */
const IAT = 86_400

const claimsOf = (issuer: string, nonce: string): Members => ({
  jti: randomUUID(),
  htm: 'POST',
  htu: `${issuer}/v1/enroll`,
  iat: IAT,
  nonce,
})

/** Makes proofs. */
export type MakeProof = (key: TestKey, issuer: string, nonce: string) => Promise<string>

const byJose: MakeProof = ({ alg, jwk, privateKey }, issuer, nonce) =>
  new SignJWT({ ...claimsOf(issuer, nonce) })
    .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: { ...jwk, kty: String(jwk.kty) } })
    .sign(privateKey)

/** A proof with anything changed. */
export const makeProof = (
  { alg, jwk, privateKey }: TestKey,
  issuer: string,
  nonce: string,
  { header, claims, sign = signer(privateKey) }: ProofChanges = {},
): string =>
  compactJws(
    { alg, typ: 'dpop+jwt', jwk, ...header },
    { ...claimsOf(issuer, nonce), ...claims },
    sign,
  )

const byJsonwebtoken: MakeProof = async (key, issuer, nonce) => {
  const { alg, jwk, privateKey } = key
  if (alg === 'EdDSA') return makeProof(key, issuer, nonce)
  const header = { alg, typ: 'dpop+jwt', jwk }
  return jsonwebtoken.sign(claimsOf(issuer, nonce), privateKey, { algorithm: alg, header })
}

/** Both producers. */
export const PRODUCERS: readonly (readonly [name: string, make: MakeProof])[] = [
  ['jose', byJose],
  ['jsonwebtoken, or node:crypto', byJsonwebtoken],
]
