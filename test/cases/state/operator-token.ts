// Operators' tokens, without the code of the service.

import { randomUUID } from 'node:crypto'
import { type Sign, type TestKey, compactJws, signer } from './independent-jws.ts'

/** What a token says where it differs from a good one; `undefined` leaves a member out. */
export interface OperatorTokenChanges {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  readonly sign?: Sign
}

/** Makes one. @param now Unix seconds */
export const makeOperatorToken = (
  { alg, privateKey, thumbprint: kid }: TestKey,
  { sub, aud, now }: { readonly sub: string; readonly aud: string; readonly now: number },
  { header, claims, sign = signer(privateKey) }: OperatorTokenChanges = {},
): string => {
  return compactJws(
    { alg, typ: 'rollcall-admin+jwt', kid, ...header },
    { sub, aud, iat: now, exp: now + 60, jti: randomUUID(), ...claims },
    sign,
  )
}
