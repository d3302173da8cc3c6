// What a relying party sends to introspect a token, made with node:crypto and nothing else.

import { randomUUID } from 'node:crypto'
import { type Sign, type TestKey, compactJws, signer } from '../cases/state/independent-jws.ts'

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** What an assertion says where it differs from a good one; `undefined` leaves a member out. */
export interface AssertionChanges {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  readonly sign?: Sign
}

/** Makes an assertion. @param now Unix seconds */
export const makeAssertion = (
  { alg, privateKey, thumbprint: kid }: TestKey,
  { name, aud, now }: { readonly name: string; readonly aud: string; readonly now: number },
  { header, claims, sign = signer(privateKey) }: AssertionChanges = {},
): string =>
  compactJws(
    { alg, kid, ...header },
    { iss: name, sub: name, aud, jti: randomUUID(), iat: now, exp: now + 60, ...claims },
    sign,
  )

/** The parameters of an introspection. */
export const introspectionFields = (
  token: string,
  assertion: string,
): Readonly<Record<'token' | 'client_assertion_type' | 'client_assertion', string>> => ({
  token,
  client_assertion_type: ASSERTION_TYPE,
  client_assertion: assertion,
})
