// A bare service of Hono and node:crypto: the same two calls, the same cryptography and the same duties as
// ours, and nothing else. What our server costs is compared with it. It reads only evidence in the shape of ECS,
// without a limit on anything: it is no service to run.

import { serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import {
  type JsonWebKey,
  X509Certificate,
  createHash,
  createHmac,
  createPrivateKey,
  hkdfSync,
  randomBytes,
  randomUUID,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import process from 'node:process'

const { PORT, ROLLCALL_ISSUER = '', ROLLCALL_TRUST_ANCHORS, ROLLCALL_SIGNING_KEYS } = process.env
const LIFETIME_SECONDS = 120
const TOKEN_SECONDS = 3600

const [jwk] = (JSON.parse(ROLLCALL_SIGNING_KEYS ?? '') as { keys: JsonWebKey[] }).keys
const signingKey = createPrivateKey({ key: jwk ?? {}, format: 'jwk' })
const secret = Buffer.from(jwk?.d ?? '', 'base64url')
const macKey = Buffer.from(hkdfSync('sha256', secret, '', 'bare-challenge', 32))
const anchorKey = new X509Certificate(ROLLCALL_TRUST_ANCHORS ?? '').publicKey
const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT' })).toString('base64url')

const spent = new Map<string, number>()
const records = new Map<string, string>()

const hashed = (text: string | Uint8Array): Buffer => createHash('sha256').update(text).digest()
const nameFor = (role: string): Buffer =>
  hashed(`bare-audience\n${ROLLCALL_ISSUER}\n${role}\n`).subarray(0, 24)
const macOf = (expiryAndRandom: Uint8Array, role: string): Buffer =>
  createHmac('sha256', macKey).update(expiryAndRandom).update(role).digest().subarray(0, 14)

const makeChallenge = (role: string, now: number): string => {
  const expiryAndRandom = Buffer.concat([Buffer.alloc(4), randomBytes(6)])
  expiryAndRandom.writeUInt32BE(now + LIFETIME_SECONDS)
  const parts = [nameFor(role), expiryAndRandom, macOf(expiryAndRandom, role)]
  return Buffer.concat(parts).toString('base64url')
}

/** @returns the challenge's number @throws Error for a challenge that isn't ours, or is too old */
const checkChallenge = (audience: string, role: string, now: number): string => {
  const bytes = Buffer.from(audience, 'base64url')
  const expiryAndRandom = bytes.subarray(24, 34)
  const ours = Buffer.concat([nameFor(role), expiryAndRandom, macOf(expiryAndRandom, role)])
  if (bytes.length !== 48 || !timingSafeEqual(bytes, ours)) throw new Error('not a challenge')
  if (bytes.readUInt32BE(24) <= now) throw new Error('an old challenge')
  return audience.slice(32)
}

/** The value of a DER element: where it starts, and where it ends. */
type Element = readonly [start: number, end: number]

const elementAt = (der: Buffer, at: number): Element => {
  const length = der.readUInt8(at + 1)
  if (length < 0x80) return [at + 2, at + 2 + length]
  const start = at + 2 + (length & 0x7f)
  return [start, start + der.readUIntBE(at + 2, length & 0x7f)]
}

/** The element at a path: at each level the number of the element. */
const dig = (der: Buffer, path: readonly number[]): Buffer => {
  let [start, end]: Element = elementAt(der, 0)
  for (const index of path) {
    let element = elementAt(der, start)
    for (let skipped = 0; skipped < index; skipped++) element = elementAt(der, element[1])
    ;[start, end] = element
  }
  return der.subarray(start, end)
}

const readEvidence = (pkcs7: string, document: string): Record<string, string> => {
  const der = Buffer.from(pkcs7, 'base64')
  const content = dig(der, [1, 0, 2, 1, 0])
  const signature = dig(der, [1, 0, 3, 0, 4])
  if (!verify('sha1', content, anchorKey, signature)) throw new Error('a wrong signature')
  const text = content.toString()
  const fields = JSON.parse(text) as Record<string, string>
  const appended = `,"audience":"${fields['audience']}"}`
  if (text !== document.slice(0, -1) + appended) throw new Error('another document')
  return { ...fields, digest: hashed(content).toString('hex') }
}

const signToken = (claims: object): string => {
  const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  const key = { key: signingKey, dsaEncoding: 'ieee-p1363' } as const
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
}

const answer = (context: Context, event: object, status: 200 | 401, body: object): Response => {
  const requestId = context.req.header('X-Request-Id') ?? randomUUID()
  const line = { version: 1, time: new Date().toISOString(), request_id: requestId, ...event }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  return context.body(JSON.stringify(body), status, {
    'Content-Type': 'application/json',
    'X-Request-Id': requestId,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  })
}

const app = new Hono()

app.post('/v1/challenge', async (context) => {
  const role = new URLSearchParams(await context.req.text()).get('role') ?? ''
  const audience = makeChallenge(role, Math.floor(Date.now() / 1000))
  const event = { event: 'challenge', outcome: 'issued', role }
  return answer(context, event, 200, { audience, expires_in: LIFETIME_SECONDS })
})

app.post('/v1/enroll', async (context) => {
  const form = new URLSearchParams(await context.req.text())
  const role = form.get('role') ?? ''
  const now = Math.floor(Date.now() / 1000)
  try {
    const fields = readEvidence(form.get('pkcs7') ?? '', form.get('document') ?? '')
    const { audience = '', digest = '', ...ecs } = fields
    const number = checkChallenge(audience, role, now)
    if (spent.has(number)) throw new Error('a spent challenge')
    spent.set(number, now)
    const jti = hashed(number).toString('base64url')
    records.set(`${ecs['owner-account-id']}/${ecs['instance-id']}`, JSON.stringify({ jti, digest }))
    const claims = { iss: ROLLCALL_ISSUER, sub: ecs['instance-id'], aud: 'cluster', role, jti, ecs }
    const token = signToken({ ...claims, iat: now, exp: now + TOKEN_SECONDS })
    const event = { event: 'enroll', outcome: 'issued', role, jti, instance_id: ecs['instance-id'] }
    return answer(context, event, 200, {
      access_token: token,
      token_type: 'Bearer',
      expires_in: TOKEN_SECONDS,
      role,
    })
  } catch (error) {
    const event = { event: 'enroll', outcome: 'refused', reason: (error as Error).message }
    return answer(context, event, 401, { code: 'invalid_evidence' })
  }
})

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT) }, ({ port }) =>
  console.error(`listening on http://127.0.0.1:${port}`),
)
