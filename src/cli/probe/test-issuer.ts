// An issuer for a test of a door: it serves discovery and the public half of a key that lives in memory, and makes
// good tokens as the service does.

import { serve } from '@hono/node-server'
import { randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Server } from 'node:http'
import { ACR_CHALLENGE } from '../../token/claims.ts'
import { discoveryDocument } from '../../token/discovery.ts'
import { generateSigningKeys } from '../../token/generate.ts'
import { parseSigningKeys } from '../../token/signing-keys.ts'
import { firstPrivateKey } from './bad-tokens.ts'
import { compactJws, signer } from './compact-jws.ts'

/** What the test issuer is, and what its tokens say. */
export interface TestIssuerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** The name by which the door knows it: `iss` of its tokens. Default: `http://HOST:PORT`. */
  readonly issuer?: string | undefined
  readonly algorithm: 'ES256' | 'RS256' | 'EdDSA'
  readonly audience: string
  readonly role: string
  readonly account: string
  readonly region: string
}

/** A running test issuer. */
export interface TestIssuer {
  readonly issuer: string
  readonly privateKey: KeyObject
  /** Makes a new good token, valid for five minutes. */
  good(): string
  /** How many times its keys were fetched. */
  fetches(): number
  close(): Promise<void>
}

const LIFETIME_SECONDS = 300
/** As the service does: clocks of relying parties lag. */
const NOT_BEFORE_LEEWAY_SECONDS = 30
const INSTANCE = 'i-bp1probe00000000000'

/** The claims of an enrollment of an instance that does not exist. */
const claimsOf = (issuer: string, { audience, role, account, region }: TestIssuerOptions) => {
  const iat = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    sub: `acs:ecs:${region}:${account}:instance/${INSTANCE}`,
    aud: [audience],
    iat,
    nbf: iat - NOT_BEFORE_LEEWAY_SECONDS,
    exp: iat + LIFETIME_SECONDS,
    jti: randomUUID(),
    acr: ACR_CHALLENGE,
    role,
    ecs: {
      owner_account_id: account,
      instance_id: INSTANCE,
      region_id: region,
      zone_id: `${region}-h`,
      instance_type: 'ecs.g7.large',
      image_id: 'm-bp1probe00000000000',
      private_ipv4: '192.0.2.10',
      mac: '00:16:3e:00:00:10',
      serial_number: '00000000-0000-4000-8000-000000000010',
    },
  }
}

const listen = async (
  { host, port }: TestIssuerOptions,
  respond: (request: Request) => Response,
): Promise<{ readonly server: Server; readonly port: number }> => {
  const options = { fetch: respond, hostname: host, port, overrideGlobalObjects: false }
  const server = serve(options) as Server
  await new Promise((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', reject)
  })
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : port }
}

/** Starts a test issuer. @throws the error of `listen` if the port is taken */
export const startTestIssuer = async (options: TestIssuerOptions): Promise<TestIssuer> => {
  const keys = JSON.stringify(await generateSigningKeys(options.algorithm))
  const { jwks, algorithms, signer: signing } = await parseSigningKeys(keys)
  const privateKey = firstPrivateKey(keys)
  let fetched = 0
  let issuer = options.issuer ?? ''
  const { server, port } = await listen(options, ({ url }) => {
    const { pathname } = new URL(url)
    if (pathname === '/.well-known/jwks.json') {
      fetched++
      return Response.json(jwks, { headers: { 'Cache-Control': 'public, max-age=5' } })
    }
    return pathname === '/.well-known/openid-configuration'
      ? Response.json(discoveryDocument(issuer, { algorithms }, { exchange: false }))
      : new Response(null, { status: 404 })
  })
  const { host } = options
  issuer ||= `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const header = { alg: signing.algorithm.alg, typ: 'JWT', kid: signing.kid }
  return {
    issuer,
    privateKey,
    good: () => compactJws(header, claimsOf(issuer, options), signer(privateKey)),
    fetches: () => fetched,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
