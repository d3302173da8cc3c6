// A key of an instance, as `rollcall enroll --dpop-key FILE` makes it, but without the mark of an instance.

import { generateSigningKeys } from '../../src/token/generate.ts'

/** The members of a private P-256 key. */
type InstanceJwk = Readonly<Record<'kty' | 'crv' | 'x' | 'y' | 'd', string | undefined>>

/** A private JWKS with one key, ES256: without the members that only generated keys of a service have. */
export const generateInstanceKey = async (): Promise<{ readonly keys: readonly InstanceJwk[] }> => {
  const { keys } = await generateSigningKeys('ES256')
  return { keys: keys.map(({ kty, crv, x, y, d }) => ({ kty, crv, x, y, d })) }
}
