// A stand-in for the Security Token Service of Alibaba Cloud, with AssumeRoleWithOIDC alone. It checks what RAM says
// that it checks: the signature by the keys of the issuer, `iss`, `aud`, `exp`, the age of the token, and the trust
// policy of the role. It knows no role of rollcall and no binding, as RAM does not.
// https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc

import { type JWTPayload, createRemoteJWKSet, jwtVerify, errors as joseErrors } from 'jose'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { startListening } from './listening.ts'
import type { ServerCertificate } from './tls-certificates.ts'

type Conditions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

/** A trust policy of RAM, as far as OIDC providers need it. */
export interface TrustPolicy {
  readonly Version: '1'
  readonly Statement: readonly {
    readonly Effect: 'Allow'
    readonly Action: 'sts:AssumeRole'
    readonly Principal: { readonly Federated: readonly string[] }
    readonly Condition: Conditions
  }[]
}

/** What an administrator has set up. */
export interface FakeStsOptions {
  readonly certificate: ServerCertificate
  readonly providerArn: string
  readonly roleArn: string
  /** Of the OIDC provider. */
  readonly issuer: string
  readonly clientIds: readonly string[]
  readonly issuanceLimitHours: number
  readonly trustPolicy: TrustPolicy
  /** How long credentials are valid, in seconds. */
  readonly lifetimeSeconds: number
}

/** A call, and its answer: a code of RAM, or the security token that it got. */
export interface StsCall {
  readonly token: string
  readonly answer: string
}

/** A running STS. */
export interface FakeSts {
  /** HOST:PORT. */
  readonly endpoint: string
  readonly calls: readonly StsCall[]
  /** Why a token would be refused; `undefined`: it would not. */
  judge(token: string): Promise<string | undefined>
  close(): Promise<void>
}

const PREFIX = 'AuthenticationFail.OIDCToken'

/** What a condition compares, for each operator of RAM that is used here. */
const OPERATORS: Readonly<Record<string, (pattern: string, value: string) => boolean>> = {
  StringEquals: (pattern, value) => pattern === value,
  StringLike: (pattern, value) =>
    new RegExp(
      `^${pattern
        .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    ).test(value),
}

/** The keys that conditions know: no other claim can be asked for. */
const valuesOf = ({ iss, aud, sub }: JWTPayload): Readonly<Record<string, readonly string[]>> => ({
  'oidc:iss': iss === undefined ? [] : [iss],
  'oidc:aud': aud === undefined ? [] : [aud].flat(),
  'oidc:sub': sub === undefined ? [] : [sub],
})

/** Whether the trust policy admits the claims. @throws Error for a condition that RAM does not know */
export const isTrusted = (
  { Statement }: TrustPolicy,
  providerArn: string,
  claims: JWTPayload,
): boolean =>
  Statement.some(
    ({ Principal, Condition }) =>
      Principal.Federated.includes(providerArn) &&
      Object.entries(Condition).every(([operator, keys]) =>
        Object.entries(keys).every(([key, patterns]) => {
          const [matches, values] = [OPERATORS[operator], valuesOf(claims)[key]]
          if (matches === undefined || values === undefined) {
            throw new Error(`RAM knows no condition ${operator} ${key}`)
          }
          return values.some((value) => patterns.some((pattern) => matches(pattern, value)))
        }),
      ),
  )

const discoverKeys = async (issuer: string) => {
  const found = await fetch(`${issuer}/.well-known/openid-configuration`)
  const { issuer: named, jwks_uri: uri } = (await found.json()) as Record<string, string>
  if (named !== issuer || uri === undefined) throw new Error('the issuer does not name itself')
  return createRemoteJWKSet(new URL(uri))
}

/** The parameters of a call that is as RAM wants it. */
const readCall = async (
  request: IncomingMessage,
  { providerArn, roleArn }: FakeStsOptions,
): Promise<URLSearchParams | string> => {
  const query = new URL(request.url ?? '', 'https://sts').searchParams
  const body = new URLSearchParams(await text(request))
  if (request.method !== 'POST' || query.get('Action') !== 'AssumeRoleWithOIDC')
    return 'InvalidAction'
  if (query.get('Version') !== '2015-04-01' || query.get('Format') !== 'JSON')
    return 'InvalidVersion'
  if (body.get('OIDCProviderArn') !== providerArn) return 'EntityNotExist.OIDCProvider'
  if (body.get('RoleArn') !== roleArn) return 'EntityNotExist.Role'
  if ((body.get('RoleSessionName') ?? '').length < 2) return 'InvalidParameter.RoleSessionName'
  if (Number(body.get('DurationSeconds')) < 900) return 'InvalidParameter.DurationSeconds'
  const { length } = body.get('OIDCToken') ?? ''
  return length < 4 || length > 20_000 ? 'InvalidParameter.OIDCToken' : body
}

/** Starts one on a free port, at `localhost`. */
export const startFakeSts = async (options: FakeStsOptions): Promise<FakeSts> => {
  const { issuer, clientIds, issuanceLimitHours, trustPolicy, providerArn, lifetimeSeconds } =
    options
  const keys = await discoverKeys(issuer)
  const calls: StsCall[] = []

  const judge = async (token: string): Promise<string | undefined> => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience: [...clientIds],
        algorithms: ['RS256'],
        requiredClaims: ['exp', 'iat', 'sub'],
        maxTokenAge: issuanceLimitHours * 3600,
        clockTolerance: 1,
      })
      return isTrusted(trustPolicy, providerArn, payload) ? undefined : 'NoPermission'
    } catch (error) {
      if (error instanceof joseErrors.JWTExpired) return `${PREFIX}.Expired`
      if (error instanceof joseErrors.JWTClaimValidationFailed) return `${PREFIX}.${error.claim}`
      if (error instanceof joseErrors.JOSEError) return `${PREFIX}.Invalid`
      throw error
    }
  }

  const answer = async (request: IncomingMessage): Promise<[status: number, body: object]> => {
    const body = await readCall(request, options)
    if (typeof body === 'string') return [400, { Code: body }]
    const token = body.get('OIDCToken') ?? ''
    const code = await judge(token)
    const SecurityToken = `security-token-${calls.length}`
    calls.push({ token, answer: code ?? SecurityToken })
    if (code !== undefined) return [400, { Code: code }]
    const end = new Date(Date.now() + lifetimeSeconds * 1000)
    const Expiration = end.toISOString().replace(/\.\d+Z$/, 'Z')
    const key = { AccessKeyId: `STS.${calls.length}`, AccessKeySecret: 'a-secret' }
    return [200, { Credentials: { ...key, SecurityToken, Expiration } }]
  }

  const { port, close } = await startListening(
    createServer({ ...options.certificate }, (request, response) => {
      answer(request).then(
        ([status, body]) => response.writeHead(status).end(JSON.stringify(body)),
        () => response.writeHead(500).end(),
      )
    }),
  )
  return { endpoint: `localhost:${port}`, calls, judge, close }
}
