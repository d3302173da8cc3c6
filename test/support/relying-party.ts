// A relying party that knows nothing but the issuer's URL, built of libraries that share no code
// with the service: discovery by oauth4webapi, the signature by jsonwebtoken and node:crypto.

import jsonwebtoken, { type JwtHeader, type JwtPayload } from 'jsonwebtoken'
import { type JsonWebKey, createPublicKey } from 'node:crypto'
import * as oauth from 'oauth4webapi'

/** A token that was found good. */
export interface VerifiedToken {
  readonly header: JwtHeader
  readonly claims: JwtPayload
}

/** Verifies an enrollment token. @throws Error if it is not good */
export const verifyToken = async (
  token: string,
  issuerUrl: string,
  audience: string,
): Promise<VerifiedToken> => {
  const issuer = new URL(issuerUrl)
  const response = await oauth.discoveryRequest(issuer, { [oauth.allowInsecureRequests]: true })
  const server = await oauth.processDiscoveryResponse(issuer, response)
  const jwks = (await (await fetch(String(server.jwks_uri))).json()) as {
    keys: (JsonWebKey & { kid: string })[]
  }
  const kid = jsonwebtoken.decode(token, { complete: true })?.header.kid
  const jwk = jwks.keys.find((key) => key.kid === kid)
  if (jwk === undefined) throw new Error('the token names a key that is not published')
  const algorithms = server.id_token_signing_alg_values_supported as jsonwebtoken.Algorithm[]
  const { header, payload } = jsonwebtoken.verify(
    token,
    createPublicKey({ key: jwk, format: 'jwk' }),
    // What discovery says, exactly as it stands there: not what was typed to find it.
    { algorithms, audience, issuer: server.issuer, complete: true },
  )
  return { header, claims: payload as JwtPayload }
}
