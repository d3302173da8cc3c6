// A door that verifies tokens well, but for one flaw that real ones have had. It knows nothing of how the prober makes
// its tokens: keys and texts are those that the issuer serves.

import { type JsonWebKey, createHmac, createPublicKey, verify } from 'node:crypto'
import { createServer } from 'node:http'
import { startListening } from '../../../support/listening.ts'
import type { Demands } from './checking-door.ts'

type Members = Readonly<Record<string, unknown>>

/** A token in parts, and the key that the issuer serves. */
interface Shown {
  readonly header: Members
  readonly input: string
  readonly signature: string | undefined
  readonly jwk: JsonWebKey
  /** The same key as the answer of the issuer has it. */
  readonly jwkText: string
}

/** What a door does in place of the right check. */
export interface Flaw {
  /** Takes a signature for good that is not. */
  readonly trusts?: (shown: Shown) => boolean
  /** Whether an audience or a role is the one that the door demands. */
  readonly isAudience?: (shown: string, demanded: string) => boolean
  readonly isRole?: (shown: string, demanded: string) => boolean
  /** How long an expired token is admitted, in seconds. Default: 30. */
  readonly leeway?: number
  /** Whether the first of two equal claims counts. Default: such a token is refused. */
  readonly readsFirst?: boolean
}

/** Whether the signature is an HMAC with this secret. */
export const hasHmac = (
  { header, input, signature }: Shown,
  secret: string | Buffer,
  alg = 'HS256',
): boolean =>
  header['alg'] === alg &&
  createHmac(alg === 'HS256' ? 'sha256' : 'sha512', secret)
    .update(input)
    .digest('base64url') === signature

const decoded = (part = ''): string => Buffer.from(part, 'base64url').toString()

const isSigned = ({ header, input, signature, jwk }: Shown): boolean => {
  if (signature === undefined || header['alg'] !== jwk['alg']) return false
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const hash = header['alg'] === 'EdDSA' ? null : 'sha256'
  const bytes = Buffer.from(signature, 'base64url')
  return verify(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }, bytes)
}

const isSame = (shown: string, demanded: string): boolean => shown === demanded

/** The claims; with `readsFirst` the first of two equal ones. `undefined`: there are two. */
const readClaims = (text: string, { readsFirst = false }: Flaw): Members | undefined => {
  const claims = JSON.parse(text) as Members
  if (JSON.stringify(claims) === text) return claims
  const [, role] = /"role":"([^"]*)"/.exec(text) ?? []
  return readsFirst ? { ...claims, role } : undefined
}

const admits = async (token: string, demands: Demands, flaw: Flaw): Promise<boolean> => {
  const answer = await fetch(`${demands.issuer}/.well-known/jwks.json`)
  const text = await answer.text()
  const [jwk = {}] = (JSON.parse(text) as { keys: JsonWebKey[] }).keys
  const [, jwkText = ''] = /^\{"keys":\[(.*)\]\}$/.exec(text) ?? []
  const [head, payload, signature] = token.split('.')
  const header = JSON.parse(decoded(head)) as Members
  const shown = { header, input: `${head}.${payload}`, signature, jwk, jwkText }
  const isTrusted = flaw.trusts?.(shown) === true || isSigned(shown)
  if (!isTrusted || header['kid'] !== jwk['kid'] || header['typ'] !== 'JWT' || 'crit' in header) {
    return false
  }
  const claims = readClaims(decoded(payload), flaw)
  if (claims === undefined || 'cnf' in claims || claims['iss'] !== demands.issuer) return false
  const { aud, role, exp, nbf } = claims
  const now = Date.now() / 1000
  const { isAudience = isSame, isRole = isSame, leeway = 30 } = flaw
  return (
    Array.isArray(aud) &&
    aud.some((it) => isAudience(String(it), demands.audience)) &&
    isRole(String(role), demands.role) &&
    typeof exp === 'number' &&
    exp > now - leeway &&
    Number(nbf) < now + 30
  )
}

/** Starts a door with one flaw. */
export const startFlawedDoor = (demands: Demands, flaw: Flaw) =>
  startListening(
    createServer(({ headers }, response) => {
      const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
      admits(token, demands, flaw)
        .catch(() => false)
        .then((isAdmitted) => response.writeHead(isAdmitted ? 200 : 401).end())
    }),
  )
