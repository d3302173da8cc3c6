// What an API server does with a token: it evaluates the AuthenticationConfiguration that the command printed. Steps
// and order are those of `oidc.go` in k8s.io/apiserver/plugin/pkg/authenticator/token/oidc, and of go-oidc.
// It is a stand-in: no code of Kubernetes runs here.

import { type JWK, compactVerify, importJWK } from 'jose'
import { type Json, type Variable, evaluate } from './cel.ts'
import { type JwtAuthenticator, type Rule, parseConfiguration } from './configuration-problems.ts'

/** `UserInfo` of `authentication.k8s.io/v1`. */
export interface UserInfo {
  readonly username: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/** What the API server makes of a token. */
export type Authentication = { readonly user: UserInfo } | { readonly refused: string }

/** Claims as they are in the token. */
export type Claims = { readonly [name: string]: Json | undefined }

/** By this key the API server tells which token a user had. */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id'

/** How far `nbf` may be in the future, in seconds (go-oidc). */
const LEEWAY_SECONDS = 300

/** The algorithms of an API server. EdDSA is not one of them. */
const ALGORITHMS = ['RS', 'ES', 'PS'].flatMap((kind) => [256, 384, 512].map((size) => kind + size))

/** Ends an authentication, within this file. */
class Refusal extends Error {}

const valueOf = (expression: string, variable: Variable, value: Json): unknown => {
  const outcome = evaluate(expression, variable, value)
  if ('failed' in outcome) throw new Refusal(`expression '${expression}': ${outcome.failed}`)
  return outcome.value
}

const textOf = (expression: string, claims: Json): string => {
  const value = valueOf(expression, 'claims', claims)
  if (typeof value === 'string') return value
  throw new Refusal(`expression '${expression}' must return a string`)
}

/** A text or a list of texts; empty ones count as absent. */
const textsOf = (expression: string, claims: Json): readonly string[] => {
  const value = valueOf(expression, 'claims', claims) ?? []
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (values.every((it) => typeof it === 'string')) return values.filter((it) => it !== '')
  throw new Refusal(`expression '${expression}' must return a string or a list of strings`)
}

const checkRules = (rules: readonly Rule[] = [], variable: Variable, value: Json): void => {
  for (const { expression, message } of rules) {
    const result = valueOf(expression, variable, value)
    if (result === true) continue
    if (result === false)
      throw new Refusal(`validation expression '${expression}' failed: ${message}`)
    throw new Refusal('validation expression must return a boolean')
  }
}

/** What go-oidc checks. */
const checkClaims = ({ issuer }: JwtAuthenticator, claims: Claims, now: number): void => {
  const { aud, exp, nbf } = claims
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (!audiences.some((it) => issuer.audiences?.includes(it as string)))
    throw new Refusal('expected audience')
  if (typeof exp !== 'number' || exp < now) throw new Refusal('token is expired')
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf > now + LEEWAY_SECONDS))
    throw new Refusal('current time before the nbf (not before) time')
}

const authenticateBy = (jwt: JwtAuthenticator, claims: Claims, now: number): UserInfo => {
  checkClaims(jwt, claims, now)
  const { username, groups, uid, extra = [] } = jwt.claimMappings
  // As JSON has them: a member without a value is no member.
  const json = JSON.parse(JSON.stringify(claims)) as Json
  const { jti } = claims
  const user: UserInfo = {
    username: textOf(username.expression, json),
    groups: groups === undefined ? [] : textsOf(groups.expression, json),
    uid: uid === undefined ? '' : textOf(uid.expression, json),
    extra: Object.fromEntries([
      ...(typeof jti === 'string' ? [[CREDENTIAL_ID, [`JTI=${jti}`]] as const] : []),
      ...extra
        .map(({ key, valueExpression }) => [key, textsOf(valueExpression, json)] as const)
        .filter(([, values]) => values.length > 0),
    ]),
  }
  if (user.username === '') throw new Refusal('empty username via CEL expression is not allowed')
  checkRules(jwt.claimValidationRules, 'claims', json)
  checkRules(jwt.userValidationRules, 'user', user as unknown as Json)
  return user
}

/**
 * Authenticates the claims of a token whose signature was verified.
 * @param file the printed AuthenticationConfiguration
 * @param now Unix seconds. Default: the clock
 */
export const authenticate = (
  file: string,
  claims: Claims,
  now: number = Date.now() / 1000,
): Authentication => {
  const jwt = parseConfiguration(file).jwt.find(({ issuer }) => issuer.url === claims['iss'])
  if (jwt === undefined) return { refused: 'no authenticator has this issuer' }
  try {
    return { user: authenticateBy(jwt, claims, now) }
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.message }
    throw error
  }
}

/** A part of a token that should be JSON; `undefined` if it is not. */
const jsonOf = (bytes: Uint8Array): Claims | undefined => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Claims
  } catch {
    return undefined
  }
}

const payloadOf = async (token: string, keys: readonly JWK[]): Promise<Uint8Array | undefined> => {
  const kid = jsonOf(Buffer.from(token.split('.')[0] ?? '', 'base64url'))?.['kid']
  for (const key of keys) {
    if (kid !== undefined && key.kid !== kid) continue
    const verified = await importJWK(key, key.alg)
      .then((imported) => compactVerify(token, imported, { algorithms: ALGORITHMS }))
      .catch(() => undefined)
    if (verified !== undefined) return verified.payload
  }
  return undefined
}

/**
 * Authenticates a token: its signature, then its claims. A header without `kid` is tried with all keys; `typ` means
 * nothing to an API server; the last of two equal claims counts.
 * @param jwks what the issuer publishes
 */
export const authenticateToken = async (
  file: string,
  token: string,
  jwks: { readonly keys: readonly JWK[] },
  now: number = Date.now() / 1000,
): Promise<Authentication> => {
  const payload = await payloadOf(token, jwks.keys)
  const claims = payload === undefined ? undefined : jsonOf(payload)
  return claims === undefined
    ? { refused: 'failed to verify signature' }
    : authenticate(file, claims, now)
}
