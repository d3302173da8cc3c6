// A service with a proxy, and what a client and a proxy send to it: for tests of `/v1/authorize`.

import { createHash, randomUUID } from 'node:crypto'
import { type TestKey, makeKey } from '../cases/state/independent-jws.ts'
import { makeProof } from '../cases/state/proofs.ts'
import { resignToken } from './bad-tokens.ts'
import { enrolled } from './http.ts'
import {
  TOKEN_AUDIENCE,
  type TestService,
  type TestServiceOptions,
  createTestService,
} from './test-service.ts'

/** Where clients reach the proxy. */
export const APP = 'https://app.test'
/** What only the proxy knows. */
export const PROXY_SECRET = 'the secret of app'

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')

/** `ROLLCALL_PROXIES` with one proxy of the name `app`, which may ask for the usual audience. */
export const PROXIES = JSON.stringify([
  {
    name: 'app',
    origin: APP,
    secret_sha256: sha256Hex(PROXY_SECRET),
    audiences: [TOKEN_AUDIENCE, 'https://another-audience.test'],
  },
])

/** The headers of a request. */
export type HeaderFields = Readonly<Record<string, string>>

/** A proof of a request with a token (RFC 9449 section 4.2). */
export const proofFor = (
  key: TestKey,
  token: string,
  request: { readonly htm: string; readonly htu: string; readonly iat: number },
): string =>
  makeProof(key, '', '', {
    claims: {
      ...request,
      jti: randomUUID(),
      nonce: undefined,
      ath: createHash('sha256').update(token).digest('base64url'),
    },
  })

/** See {@link createAuthorizing}. */
export interface Authorizing {
  readonly service: TestService
  /** The key of the instance. */
  readonly key: TestKey
  /** A token that is not bound. */
  readonly bearerToken: string
  /** A token of the same enrollment that is bound to {@link key}. */
  readonly boundToken: string
  /** The headers of a client and its proxy that ask about `GET /a` with the bound token; each has a new proof. */
  boundHeaders(changes?: HeaderFields): HeaderFields
  /** Asks. @param query default: the usual audience */
  ask(headers: HeaderFields, query?: string, method?: string): Promise<Response>
}

/** The usual query. */
export const QUERY = `audience=${encodeURIComponent(TOKEN_AUDIENCE)}`

/** What a test may exchange. */
export interface AuthorizingOptions extends TestServiceOptions {
  /** The private JWKS, if the variables name one. Default: the service's own. */
  readonly privateKeys?: string
}

/** Creates a service that knows the proxy `app`, and enrolls an instance there. */
export const createAuthorizing = async ({
  variables,
  privateKeys,
  ...options
}: AuthorizingOptions = {}): Promise<Authorizing> => {
  const service = await createTestService({
    ...options,
    variables: { ROLLCALL_PROXIES: PROXIES, ...variables },
  })
  const key = await makeKey()
  const answer = await enrolled(await service.post('/v1/enroll', await service.evidence()))
  const bearerToken = String(answer['access_token'])
  const source = { goodToken: bearerToken, privateKeys: privateKeys ?? service.privateKeys }
  const boundToken = resignToken(source, { cnf: { jkt: key.thumbprint } })
  return {
    service,
    key,
    bearerToken,
    boundToken,
    boundHeaders: (changes = {}) => ({
      Authorization: `DPoP ${boundToken}`,
      DPoP: proofFor(key, boundToken, { htm: 'GET', htu: `${APP}/a`, iat: service.now }),
      'X-Rollcall-Proxy': PROXY_SECRET,
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Uri': '/a?b=c',
      ...changes,
    }),
    ask: (headers, query = QUERY, method = 'GET') =>
      service.request(`/v1/authorize?${query}`, { method, headers }),
  }
}
