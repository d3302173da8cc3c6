// Introspection (RFC 7662) and revocation (RFC 7009): the answer shows all of an active token, and
// nothing of another one, not even why.

import { createPrivateKey, randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Answer, expectEnrolled } from './answer.ts'
import { compactJws, hmacSigner, makeKey, part, signer } from './independent-jws.ts'
import type { StateService } from './state-service.ts'
import { ISSUER, OPERATOR, RELYING_PARTY, pathOf } from './constants.ts'

type Members = Readonly<Record<string, unknown>>

/** Declares the tests. */
export const describeIntrospection = (service: () => StateService): void => {
  const enroll = async (): Promise<{ token: string; claims: Members; answer: Answer }> => {
    const attempt = await service().begin(service().newInstance(), { role: 'always' })
    const answer = await service().post(attempt)
    const claims = await expectEnrolled(answer)
    return { token: String(answer.body['access_token']), claims, answer }
  }
  const introspect = async (token: string): Promise<unknown> => {
    const answer = await service().operate('POST', '/v1/introspect', { token })
    expect(answer.status).toBe(200)
    const event = await answer.event()
    expect(event).toMatchObject({ event: 'admin', sub: OPERATOR, action: 'introspect' })
    return answer.body
  }

  /** The claims of a good token, changed, signed by the service's own key. */
  const resigned = async (changes: Members, header: Members = {}): Promise<string> => {
    const { claims } = await enroll()
    const { signingJwk } = service()
    const key = createPrivateKey({ key: signingJwk, format: 'jwk' })
    const head = { alg: 'ES256', typ: 'JWT', kid: signingJwk.kid, ...header }
    return compactJws(head, { ...claims, ...changes }, signer(key))
  }

  describe('POST /v1/introspect', () => {
    it('tells all claims of a good token, and that it is active', async () => {
      const { token, claims } = await enroll()
      expect(await introspect(token)).toEqual({ active: true, token_type: 'Bearer', ...claims })
      expect(claims).toMatchObject({ iss: ISSUER, aud: [RELYING_PARTY], role: 'always' })
    })

    it('tells the key of a bound token', async () => {
      const key = await makeKey('EdDSA')
      const attempt = await service().begin(service().newInstance(), { role: 'bound', key })
      const answer = await service().post(attempt)
      expect(await introspect(String(answer.body['access_token']))).toMatchObject({
        active: true,
        token_type: 'DPoP',
        cnf: { jkt: key.thumbprint },
      })
    })

    it('takes a token that is made like this: the others differ in one thing', async () => {
      expect(await introspect(await resigned({}))).toMatchObject({ active: true })
    })

    it.each<[string, () => Promise<string> | string]>([
      ['of another issuer', () => resigned({ iss: 'https://other.example' })],
      ['of no issuer', () => resigned({ iss: undefined })],
      ['that has expired', () => resigned({ exp: service().now() })],
      ['without an exp', () => resigned({ exp: undefined })],
      ['without a jti', () => resigned({ jti: undefined })],
      ['of the typ of an access token', () => resigned({}, { typ: 'at+jwt' })],
      ['of the typ of an operator’s token', () => resigned({}, { typ: 'rollcall-admin+jwt' })],
      ['with crit', () => resigned({}, { crit: ['exp'] })],
      ['with another kid', () => resigned({}, { kid: 'other' })],
      ['with a kid like a path', () => resigned({}, { kid: '../../../etc/passwd' })],
      [
        'that is altered in its claims',
        async () => {
          const [head, body = '', signature] = (await enroll()).token.split('.')
          const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Members
          return `${head}.${part({ ...claims, role: 'never' })}.${signature}`
        },
      ],
      [
        'that is altered in a bit of its signature',
        async () => {
          const [head, body, signature = ''] = (await enroll()).token.split('.')
          const bytes = Buffer.from(signature, 'base64url')
          bytes[40] = (bytes[40] as number) ^ 8
          return `${head}.${body}.${bytes.toString('base64url')}`
        },
      ],
      [
        'of alg none',
        async () => {
          const [, body] = (await enroll()).token.split('.')
          return `${part({ alg: 'none', typ: 'JWT', kid: service().signingJwk.kid })}.${body}.`
        },
      ],
      [
        'of HS256 with the public key',
        async () => {
          const { claims } = await enroll()
          const { d: _, ...jwk } = service().signingJwk
          const head = { alg: 'HS256', typ: 'JWT', kid: jwk.kid }
          return compactJws(head, claims, hmacSigner(JSON.stringify(jwk)))
        },
      ],
      [
        'of a key in its header',
        async () => {
          const { claims } = await enroll()
          const key = await makeKey()
          const head = { alg: 'ES256', typ: 'JWT', kid: key.thumbprint, jwk: key.jwk }
          return compactJws(head, claims, signer(key.privateKey))
        },
      ],
      [
        'of a stranger',
        async () => {
          const { claims } = await enroll()
          const { privateKey } = await makeKey()
          const head = { alg: 'ES256', typ: 'JWT', kid: service().signingJwk.kid }
          return compactJws(head, claims, signer(privateKey))
        },
      ],
      ['of an operator', () => service().operatorToken()],
      ['without dots', () => 'token'],
      ['of 12 KiB', () => 'a'.repeat(12_000)],
    ])('says of a token %s that it is not active, and nothing more', async (_, make) => {
      expect(await introspect(await make())).toEqual({ active: false })
    })

    it('takes the hint of RFC 7662, and needs none', async () => {
      const { token } = await enroll()
      const fields = { token, token_type_hint: 'refresh_token' }
      const answer = await service().operate('POST', '/v1/introspect', fields)
      expect(answer.body).toMatchObject({ active: true })
    })
  })

  describe('POST /v1/revoke', () => {
    const revoke = async (fields: Readonly<Record<string, string>>): Promise<Members> => {
      const answer = await service().operate('POST', '/v1/revoke', fields)
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: '' })
      const event = await answer.event()
      expect(event).toMatchObject({ event: 'admin', sub: OPERATOR, action: 'revoke_token' })
      return event
    }

    it('revokes by the token or by its jti, twice like once, and no other token', async () => {
      const [one, two, kept] = [await enroll(), await enroll(), await enroll()]
      const jti = String(two.claims['jti'])
      for (let times = 0; times < 2; times++) {
        const event = await revoke({ token: one.token, token_type_hint: 'access_token' })
        expect(event).toMatchObject({ jti: one.claims['jti'] })
        expect(await revoke({ jti })).toMatchObject({ jti })
        expect(await introspect(one.token)).toEqual({ active: false })
        expect(await introspect(two.token)).toEqual({ active: false })
      }
      expect(await introspect(kept.token)).toMatchObject({ active: true })
    })

    it('answers 200 to a text that is not a token, and revokes nothing', async () => {
      const { token, claims } = await enroll()
      const forged = compactJws({ alg: 'none', typ: 'JWT' }, claims, () => Buffer.alloc(0))
      const other = await resigned({ ...claims, iss: 'https://other.example' })
      for (const nonsense of ['x', '..', forged, other, 'a'.repeat(12_000)]) {
        const event = await revoke({ token: nonsense })
        expect(event['jti']).toBeUndefined()
      }
      await revoke({ jti: randomUUID().replaceAll('-', '').slice(0, 22) })
      expect(await introspect(token)).toMatchObject({ active: true })
    })
  })

  describe('a token', () => {
    it.each([
      ['its instance is forgotten', 'DELETE', ''],
      ['the tokens of its instance are revoked', 'POST', '/revoke'],
    ])('is not active once %s', async (_, method, suffix) => {
      const instance = service().newInstance()
      const answer = await service().post(await service().begin(instance, { role: 'always' }))
      await expectEnrolled(answer)
      const token = String(answer.body['access_token'])
      expect(await introspect(token)).toMatchObject({ active: true })
      await service().operate(method, pathOf(instance) + suffix)
      expect(await introspect(token)).toEqual({ active: false })
    })
  })
}
