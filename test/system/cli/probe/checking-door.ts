// A door that does some checks and leaves others out, so that a test knows what a prober must find.

import { type JsonWebKey, createPublicKey, verify } from 'node:crypto'
import { type IncomingMessage, createServer } from 'node:http'
import type { Check } from '../../../../src/cli/probe/checks.ts'
import { startListening } from '../../../support/listening.ts'

type Members = Readonly<Record<string, unknown>>

/** What the door demands. */
export interface Demands {
  readonly issuer: string
  readonly audience: string
  readonly role: string
}

const decoded = (part: string | undefined): string =>
  Buffer.from(part ?? '', 'base64url').toString()

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : NaN)

/** Whether a token passes each check, by name. A check asks for its own thing only. */
const checksOf = (
  token: string,
  keys: readonly JsonWebKey[],
  { issuer, audience, role }: Demands,
): Readonly<Record<Check, () => boolean>> => {
  const [head, payload, signature] = token.split('.')
  const text = decoded(payload)
  const header = JSON.parse(decoded(head)) as Members
  const claims = JSON.parse(text) as Members
  const now = Date.now() / 1000
  const isKnownAlgorithm = header['alg'] === 'ES256'
  return {
    presence: () => true,
    algorithm: () => isKnownAlgorithm,
    // With another algorithm there is nothing to verify.
    signature: () =>
      !isKnownAlgorithm ||
      keys.some((key) =>
        verify(
          'sha256',
          Buffer.from(`${head}.${payload}`),
          {
            key: createPublicKey({ key, format: 'jwk' }),
            dsaEncoding: 'ieee-p1363',
          },
          Buffer.from(signature ?? '', 'base64url'),
        ),
      ),
    key: () => keys.some(({ kid }) => kid === header['kid']),
    issuer: () => claims['iss'] === issuer,
    audience: () => [claims['aud']].flat().includes(audience),
    time: () => numberOf(claims['exp']) > now && numberOf(claims['nbf']) < now + 30,
    type: () => header['typ'] === 'JWT',
    critical: () => !('crit' in header),
    binding: () => !('cnf' in claims),
    // Whichever of two it reads: to find that there are two is another check.
    role: () => text.includes(`"role":${JSON.stringify(role)}`),
    form: () => text.split('"role":').length === 2 && typeof claims['aud'] !== 'string',
  }
}

const isJws = (token: string): boolean => token.split('.').length > 1

/** Starts a door that does these checks and no others. It fetches the keys of the issuer for each token. */
export const startCheckingDoor = (checks: ReadonlySet<Check>, demands: Demands) => {
  const seen: string[] = []
  const statusFor = async ({ headers }: IncomingMessage): Promise<number> => {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
    seen.push(token)
    if (!isJws(token)) return checks.has('presence') ? 401 : 200
    const answer = await fetch(`${demands.issuer}/.well-known/jwks.json`)
    const { keys } = (await answer.json()) as { keys: JsonWebKey[] }
    const passes = checksOf(token, keys, demands)
    const failed = [...checks].find((check) => !passes[check]())
    return failed === undefined ? 200 : failed === 'role' ? 403 : 401
  }
  const server = createServer((request, response) => {
    void statusFor(request)
      .catch(() => 500)
      .then((status) => response.writeHead(status).end())
  })
  return startListening(server).then((listening) => ({ ...listening, seen }))
}
