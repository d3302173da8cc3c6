// Who sends a request to the stand-in API server: a client certificate of its CA, a token of the issuer in its
// AuthenticationConfiguration, or a fixed token.

import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose'
import { Agent, fetch as fetchWith } from 'undici'
import { ApiError } from './api-error.ts'
import { type User, authenticated } from './user.ts'

/** Claims of a token whose signature is right. */
export type Claims = Readonly<Record<string, unknown>>

/** Whom the rules and mappings of an AuthenticationConfiguration make of claims. */
export type Judgement = { readonly user: User } | { readonly refused: string }

/** The issuer of an AuthenticationConfiguration, and its rules. */
export interface IssuerConfiguration {
  /** https. */
  readonly url: string
  readonly audiences: readonly string[]
  /** PEM; default: the CAs of the system. */
  readonly certificateAuthority?: string
  /** Evaluates the rules and the mappings. */
  readonly judge: (claims: Claims) => Judgement | Promise<Judgement>
}

/** The algorithms of kube-apiserver; EdDSA is not one of them. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512']
/**
 * For so long go-oidc 2, of the API server, fetches no keys again: the `max-age` of the service but half a minute. It keeps
 * them until a token of a key that it does not have comes after that.
 */
const KEYS_MS = 270_000
const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id'

/** Verifies tokens of an issuer, whose keys it finds by discovery. Refusals throw. */
export type TokenAuthenticator = (token: string) => Promise<User>

/** Creates the verifier of one issuer. */
export const authenticatorOf = (issuer: IssuerConfiguration): TokenAuthenticator => {
  if (!issuer.url.startsWith('https://')) {
    throw new TypeError(`issuer.url: ${issuer.url} is not https; kube-apiserver demands https`)
  }
  const dispatcher = new Agent({ connect: { ca: issuer.certificateAuthority } })
  const get = async (url: string): Promise<Response> =>
    (await fetchWith(url, { dispatcher, redirect: 'error' })) as unknown as Response
  const discover = async (): Promise<ReturnType<typeof createRemoteJWKSet>> => {
    const answer = await get(`${issuer.url}/.well-known/openid-configuration`)
    const found = (await answer.json()) as { readonly issuer: string; readonly jwks_uri: string }
    if (found.issuer !== issuer.url) throw new Error(`discovery names the issuer ${found.issuer}`)
    return createRemoteJWKSet(new URL(found.jwks_uri), {
      cooldownDuration: KEYS_MS,
      cacheMaxAge: Number.POSITIVE_INFINITY,
      [customFetch]: (url) => get(url.toString()),
    })
  }
  let keys: ReturnType<typeof discover> | undefined
  return async (token) => {
    keys ??= discover()
    keys.catch(() => (keys = undefined))
    const { payload } = await jwtVerify(token, await keys, {
      issuer: issuer.url,
      audience: [...issuer.audiences],
      algorithms: ALGORITHMS,
      requiredClaims: ['exp'],
    })
    const judgement = await issuer.judge(payload)
    if ('refused' in judgement) throw new Error(judgement.refused)
    const { user } = judgement
    const id = payload.jti === undefined ? {} : { [CREDENTIAL_ID]: [`JTI=${payload.jti}`] }
    return authenticated({ ...user, extra: { ...user.extra, ...id } })
  }
}

/** Where an authenticator gets its users. */
export interface AuthenticatorOptions {
  readonly issuer: TokenAuthenticator | undefined
  /** Users of fixed tokens, as of `--token-auth-file`. */
  readonly tokens: ReadonlyMap<string, User>
  /** Receives why a token was refused; a client never learns it. */
  readonly onRefusal?: (why: string) => void
}

const byCertificate = (socket: TLSSocket): User | undefined => {
  const peer = socket.getPeerX509Certificate?.()
  if (peer === undefined) return undefined
  // At each request: a connection can outlive its certificate.
  if (!socket.authorized || Date.parse(peer.validTo) <= Date.now()) {
    throw new ApiError('Unauthorized', 'Unauthorized')
  }
  const { CN, O } = peer.toLegacyObject().subject as unknown as {
    readonly CN: string
    readonly O?: string | readonly string[]
  }
  const id = createHash('sha256').update(peer.raw).digest('hex')
  return authenticated({
    username: CN,
    groups: O === undefined ? [] : [O].flat(),
    extra: { [CREDENTIAL_ID]: [`X509SHA256=${id}`] },
  })
}

/**
 * Finds who sends a request.
 * @returns `undefined` for a request without credentials
 * @throws ApiError `Unauthorized` for credentials that are not accepted
 */
export const authenticateRequest = async (
  request: IncomingMessage,
  { issuer, tokens, onRefusal }: AuthenticatorOptions,
): Promise<User | undefined> => {
  const byTls = byCertificate(request.socket as TLSSocket)
  if (byTls !== undefined) return byTls
  const { authorization } = request.headers
  if (authorization === undefined) return undefined
  const [, token = ''] = /^Bearer ([^ ]+)$/i.exec(authorization) ?? []
  const fixed = tokens.get(token)
  if (fixed !== undefined) return authenticated(fixed)
  try {
    if (issuer === undefined) throw new Error('no issuer is configured')
    return await issuer(token)
  } catch (error) {
    onRefusal?.(error instanceof Error ? error.message : String(error))
    throw new ApiError('Unauthorized', 'Unauthorized')
  }
}
