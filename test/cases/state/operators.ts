// Who is an operator: nobody without a token of their own, made for this service, once, by a key that
// the configuration names.

import { SignJWT } from 'jose'
import { createPrivateKey, randomUUID } from 'node:crypto'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { OPERATOR_CALLS, type OperatorCall } from '../../../src/base/wire/operator-calls.ts'
import { type Answer, type Expected, expectRefused } from './answer.ts'
import { ALGORITHMS, type TestKey, hmacSigner, makeKey, signer } from './independent-jws.ts'
import type { OperatorTokenChanges } from './operator-token.ts'
import type { StateService } from './state-service.ts'
import { ISSUER, OPERATOR } from './constants.ts'

const MISSING: Expected = [401, 'invalid_token', 'operator_token_missing']
const INVALID: Expected = [401, 'invalid_token', 'operator_token_invalid']
const USED: Expected = [401, 'invalid_token', 'operator_token_used']
const PATH = '/v1/admin/bans'

const claims = (changes: Readonly<Record<string, unknown>>): OperatorTokenChanges => ({
  claims: changes,
})
const header = (changes: Readonly<Record<string, unknown>>): OperatorTokenChanges => ({
  header: changes,
})
const publicPem = ({ publicKey }: TestKey): string =>
  publicKey.export({ format: 'pem', type: 'spki' }).toString()

/** What is wrong with a token; made when a test runs, since clocks go on. */
const FORGERIES: readonly (readonly [
  string,
  (key: TestKey, other: TestKey, now: number) => OperatorTokenChanges,
])[] = [
  ['of alg none', () => ({ header: { alg: 'none' }, sign: () => Buffer.alloc(0) })],
  ['of alg none with a good signature', () => header({ alg: 'none' })],
  [
    'of HS256 with the public key',
    (key) => ({ header: { alg: 'HS256' }, sign: hmacSigner(publicPem(key)) }),
  ],
  [
    'of HS256 with the JWK',
    (key) => ({ header: { alg: 'HS256' }, sign: hmacSigner(JSON.stringify(key.jwk)) }),
  ],
  ['of another alg than its key', () => header({ alg: 'RS256' })],
  ['of the typ JWT', () => header({ typ: 'JWT' })],
  ['of no typ', () => header({ typ: undefined })],
  ['of the typ of a proof', () => header({ typ: 'dpop+jwt' })],
  ['of the typ in upper case', () => header({ typ: 'ROLLCALL-ADMIN+JWT' })],
  ['with crit', () => header({ crit: ['exp'] })],
  ['without a kid', () => header({ kid: undefined })],
  ['with an unknown kid', (_, other) => header({ kid: other.thumbprint })],
  ['with a kid like a path', () => header({ kid: '../../dev/null' })],
  ['with a kid of another type', () => header({ kid: 0 })],
  [
    'with the key of a stranger',
    (_, other) => ({ header: { kid: other.thumbprint }, sign: signer(other.privateKey) }),
  ],
  [
    'with the key of a stranger under the kid of an operator',
    (_, other) => ({ sign: signer(other.privateKey) }),
  ],
  [
    'with the key of a stranger in its header',
    (_, other) => ({
      header: { jwk: other.jwk, kid: other.thumbprint },
      sign: signer(other.privateKey),
    }),
  ],
  ['for another audience', () => claims({ aud: 'https://other.example' })],
  ['for the issuer with a slash', () => claims({ aud: `${ISSUER}/` })],
  ['for several audiences', () => claims({ aud: [ISSUER, 'https://other.example'] })],
  ['for nobody', () => claims({ aud: undefined })],
  ['that has expired', (_key, _other, now) => claims({ iat: now - 91, exp: now - 31 })],
  ['without an exp', () => claims({ exp: undefined })],
  ['with a text for its exp', (_key, _other, now) => claims({ exp: String(now + 60) })],
  ['with a broken exp', (_key, _other, now) => claims({ exp: now + 59.5 })],
  ['that lives for 61 seconds', (_key, _other, now) => claims({ iat: now, exp: now + 61 })],
  ['that lives for a year', (_key, _other, now) => claims({ exp: now + 31_536_000 })],
  ['without an iat', () => claims({ iat: undefined })],
  ['from the future', (_key, _other, now) => claims({ iat: now + 40, exp: now + 100 })],
  ['without a sub', () => claims({ sub: undefined })],
  ['with an empty sub', () => claims({ sub: '' })],
  ['with a space in its sub', () => claims({ sub: 'alice bob' })],
  ['with a line end in its sub', () => claims({ sub: 'alice\n{"event":"admin"}' })],
  ['with a number for its sub', () => claims({ sub: 1 })],
  ['with a long sub', () => claims({ sub: 'a'.repeat(129) })],
  ['without a jti', () => claims({ jti: undefined })],
  ['with an empty jti', () => claims({ jti: '' })],
  ['with a space in its jti', () => claims({ jti: 'a b' })],
  ['with a list for its jti', () => claims({ jti: ['a'] })],
]

/** A path of a call: an instance that nobody knows. */
const pathOfCall = ({ path }: OperatorCall): string =>
  path
    .replace(':account', '1609000000000000')
    .replace(':region', 'cn-hangzhou')
    .replace(':instance', 'i-nobody')
    .replace(':kind', 'image')
    .replace(':value', 'm-nothing')

/** Every call, with a path that it takes. */
export const CALLS: readonly (readonly [string, string, string])[] = Object.entries(
  OPERATOR_CALLS,
).map(([action, call]) => [action, call.method, pathOfCall(call)])

/** Declares the tests. */
export const describeOperators = (service: () => StateService): void => {
  const callWith = (token: string | undefined, path = PATH, method = 'GET'): Promise<Answer> =>
    service().send(method, path, {
      headers: { Authorization: token === undefined ? undefined : `Bearer ${token}` },
    })
  const expectTaken = async (token: string): Promise<void> => {
    const answer = await callWith(token)
    expect(answer).toMatchObject({ status: 200 })
    expect(await answer.event()).toMatchObject({
      event: 'admin',
      outcome: 'done',
      sub: OPERATOR,
      operator_kid: expect.stringMatching(/^[\w-]{43}$/),
    })
  }
  const expectNobody = async (answer: Answer, expected: Expected): Promise<void> => {
    const event = await expectRefused(answer, expected)
    expect(event).toMatchObject({ event: 'admin' })
    // The service knows whose token it was if it was valid before; of others it knows nothing.
    expect(event['sub']).toBe(expected === USED ? OPERATOR : undefined)
    expect(event['operator_kid'] === undefined).toBe(expected !== USED)
    const challenge = `Bearer realm="${ISSUER}", error="invalid_token"`
    expect(answer.headers.get('WWW-Authenticate')).toBe(challenge)
  }

  describe('a call of an operator', () => {
    it('is taken with a token by any algorithm, from either producer', async () => {
      expect(service().operatorKeys).toHaveLength(ALGORITHMS.length)
      for (const key of service().operatorKeys) {
        await expectTaken(service().operatorToken({}, key))
        const byJose = new SignJWT({ sub: OPERATOR, aud: ISSUER, jti: randomUUID() })
          .setProtectedHeader({ alg: key.alg, typ: 'rollcall-admin+jwt', kid: key.thumbprint })
          .setIssuedAt(service().now())
          .setExpirationTime(service().now() + 60)
        await expectTaken(await byJose.sign(key.privateKey))
      }
    })

    it('is taken with a token by an Ed25519 key whose alg is Ed25519', async () => {
      const key = service().operatorKeys.find(({ alg }) => alg === 'EdDSA')
      await expectTaken(service().operatorToken(header({ alg: 'Ed25519' }), key))
    })

    it('is taken from a clock that is off by less than half a minute', async () => {
      // A memory that has just begun takes none of before, so none of a clock that is behind.
      for (const off of service().persistent ? [-80, 20] : [20]) {
        const times = { iat: service().now() + off, exp: service().now() + off + 60 }
        await expectTaken(service().operatorToken(claims(times)))
      }
    })

    it.each(CALLS)('%s is refused without a token', async (_, method, path) => {
      await expectNobody(await callWith(undefined, path, method), MISSING)
    })

    it.each(CALLS)('%s is refused with a token that was used', async (_, method, path) => {
      const token = service().operatorToken()
      await expectTaken(token)
      await expectNobody(await callWith(token, path, method), USED)
    })

    it.each([
      ['an empty header', ''],
      ['no scheme', (token: string) => token],
      ['the scheme alone', 'Bearer'],
      ['another scheme', (token: string) => `DPoP ${token}`],
      ['two tokens', (token: string) => `Bearer ${token} ${token}`],
      ['a token and more', (token: string) => `Bearer ${token}, Bearer ${token}`],
      ['a token in quotation marks', (token: string) => `Bearer "${token}" `],
      ['a token of more than 4 KiB', `Bearer ${'a'.repeat(4097)}`],
    ])('is refused with %s', async (what, make) => {
      const token = service().operatorToken()
      const Authorization = typeof make === 'string' ? make : make(token)
      const answer = await service().send('GET', PATH, { headers: { Authorization } })
      await expectNobody(answer, what.includes('quotation') ? INVALID : MISSING)
      await expectTaken(token)
    })

    it.each(['x', '..', 'a.b', 'a.b.c', 'e30.e30.', '"', 'null'])(
      'is refused with a text that is not a token: %s',
      async (token) => {
        await expectNobody(await callWith(token), INVALID)
      },
    )

    it.each(FORGERIES)('is refused with a token %s', async (_, changesOf) => {
      const [key, other] = [service().operatorKeys[0] as TestKey, await makeKey()]
      const jti = randomUUID()
      const { header, claims, sign } = changesOf(key, other, service().now())
      const changes = { ...(header && { header }), ...(sign && { sign }) }
      const forged = service().operatorToken({ ...changes, claims: { jti, ...claims } })
      await expectNobody(await callWith(forged), INVALID)
      // Nor has it spent the name of a good one.
      await expectTaken(service().operatorToken({ claims: { jti } }))
    })

    it('is refused with a token that is altered in a bit', async () => {
      const token = service().operatorToken()
      const [head, body, signature = ''] = token.split('.')
      const bytes = Buffer.from(signature, 'base64url')
      bytes[9] = (bytes[9] as number) ^ 4
      const altered = `${head}.${body}.${bytes.toString('base64url')}`
      await expectNobody(await callWith(altered), INVALID)
      await expectTaken(token)
    })

    it('is refused with the signing key of the service, and with what it has signed', async () => {
      const { signingJwk } = service()
      const signing = signer(createPrivateKey({ key: signingJwk, format: 'jwk' }))
      const forged = service().operatorToken({ header: { kid: signingJwk.kid }, sign: signing })
      await expectNobody(await callWith(forged), INVALID)
      const attempt = await service().begin(service().newInstance(), { role: 'always' })
      const answer = await service().post(attempt)
      await expectNobody(await callWith(String(answer.body['access_token'])), INVALID)
    })

    it('is refused to an instance with a key of its own and a proof', async () => {
      const key = await makeKey()
      const attempt = await service().begin(service().newInstance(), { role: 'bound', key })
      await expectNobody(await callWith(String(attempt.proof)), INVALID)
    })

    it('is accepted once if 20 calls use one token at the same moment', async () => {
      const token = service().operatorToken()
      const answers = await Promise.all(Array.from({ length: 20 }, () => callWith(token)))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        await expectNobody(answer, USED)
      }
    })

    it('is refused with another token of a name that was used', async () => {
      const jti = randomUUID()
      await expectTaken(service().operatorToken({ claims: { jti } }))
      const later = service().operatorToken({ claims: { jti, exp: service().now() + 30 } })
      await expectNobody(await callWith(later), USED)
    })

    it('is refused with a token in the address or among the fields', async () => {
      const token = service().operatorToken()
      await expectNobody(await callWith(undefined, `${PATH}?access_token=${token}`), MISSING)
      const body = { token: 'x', access_token: token }
      await expectNobody(await service().send('POST', '/v1/introspect', { body }), MISSING)
      await expectTaken(token)
    })

    it('is refused with two headers', async () => {
      const Authorization = [1, 2].map(() => `Bearer ${service().operatorToken()}`)
      const request = httpRequest(service().url + PATH, { headers: { Authorization } }).end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.resume()
      expect(response.statusCode).toBe(401)
    })
  })
}
