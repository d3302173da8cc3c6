// What is pinned to an operator's key, and what an operator's token may be used for.

import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { parseOperatorKeys } from '../../../../src/token/operator-keys.ts'
import {
  FORM,
  type Fields,
  claimsOf,
  enrolled,
  expectRefused,
  form,
} from '../../../support/http.ts'
import { ISSUER, type TestService, createTestService } from '../../../support/test-service.ts'

const BANS = '/v1/admin/bans'
const BAN = `${BANS}/image/m-test`

interface Operator {
  readonly kid: string
  /** Makes a call; `claims` change the token's. */
  call(
    method: string,
    path: string,
    claims?: object,
    fields?: Fields | ReadableStream,
  ): Promise<Response>
}

/** A service with operators' keys, each with what is pinned to it. */
const setUp = async (
  ...pins: readonly object[]
): Promise<{ service: TestService; operators: readonly Operator[] }> => {
  const keys = await Promise.all(
    pins.map(async (pinned) => {
      const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
      const jwk = await exportJWK(publicKey)
      return { privateKey, jwk: { ...jwk, ...pinned }, kid: await calculateJwkThumbprint(jwk) }
    }),
  )
  const jwks = JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })
  const service = await createTestService({ variables: { ROLLCALL_ADMIN_KEYS: jwks } })
  const operators = keys.map(({ privateKey, kid }) => ({
    kid,
    async call(
      method: string,
      path: string,
      claims: object = {},
      fields?: Fields | ReadableStream,
    ) {
      const { now } = service
      const jti = crypto.randomUUID()
      const token = await new SignJWT({
        sub: 'alice',
        aud: ISSUER,
        iat: now,
        exp: now + 60,
        jti,
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'rollcall-admin+jwt', kid })
        .sign(privateKey)
      return service.request(path, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(fields && { 'Content-Type': FORM['Content-Type'] }),
        },
        ...(fields && {
          body: fields instanceof ReadableStream ? fields : form(fields),
          duplex: 'half',
        }),
      } as RequestInit)
    },
  }))
  return { service, operators }
}

const refusal = (reason: string, code = 'invalid_token', status = 401) => ({ status, code, reason })

describe('a key with a name', () => {
  it('signs in that name alone; the event says whose key it was', async () => {
    const { service, operators } = await setUp({ name: 'alice' }, {})
    const [alice, other] = operators as [Operator, Operator]
    const done = await alice.call('PUT', BAN, {}, { reason: 'r' })
    expect(await done.json()).toMatchObject({ banned_by: 'alice', banned_by_kid: alice.kid })
    expect(service.events.at(-1)).toMatchObject({
      outcome: 'done',
      sub: 'alice',
      operator_kid: alice.kid,
    })
    const asBob = await alice.call('DELETE', BAN, { sub: 'bob' })
    await expectRefused(service, asBob, refusal('operator_name_mismatch'))
    const event = service.events.at(-1)
    expect([event?.sub, event?.operator_kid]).toEqual([undefined, alice.kid])
    // With a key without a name, an operator may give any name; the event still names the key.
    const named = await other.call('DELETE', BAN, { sub: 'ceo@corp' })
    expect(named.status).toBe(200)
    expect(service.events.at(-1)).toMatchObject({ sub: 'ceo@corp', operator_kid: other.kid })
  })
})

describe('a key with a scope', () => {
  const CALLS = [
    ['read', 'GET', BANS, undefined],
    ['read', 'GET', '/v1/admin/instances', undefined],
    ['write', 'PUT', BAN, { reason: 'r' }],
    ['write', 'POST', '/v1/admin/instances/1/cn-hangzhou/i-a/reset', undefined],
    ['write', 'POST', '/v1/revoke', { jti: 'a'.repeat(22) }],
    ['introspect', 'POST', '/v1/introspect', { token: 'x' }],
  ] as const

  it.each(['read', 'write', 'introspect'] as const)(
    '%s does that, and nothing else',
    async (scope) => {
      const { service, operators } = await setUp({ scope: [scope] })
      const [operator] = operators as [Operator]
      for (const [needed, method, path, fields] of CALLS) {
        const response = await operator.call(method, path, {}, fields)
        if (needed === scope) {
          expect([path, [200, 404].includes(response.status)]).toEqual([path, true])
          continue
        }
        expect(response.headers.get('WWW-Authenticate')).toBe(
          `Bearer realm="${ISSUER}", error="insufficient_scope", scope="${needed}"`,
        )
        const expected = refusal('operator_scope_missing', 'insufficient_scope', 403)
        await expectRefused(service, response, expected)
      }
    },
  )

  it('none: all of it', async () => {
    const { operators } = await setUp({})
    for (const [, method, path, fields] of CALLS) {
      const { status } = await (operators[0] as Operator).call(method, path, {}, fields)
      expect([path, status === 403]).toEqual([path, false])
    }
  })
})

describe('a token with htm and htu', () => {
  it('is accepted for that call alone', async () => {
    const { service, operators } = await setUp({})
    const [operator] = operators as [Operator]
    const own = { htm: 'GET', htu: ISSUER + BANS }
    expect((await operator.call('GET', `${BANS}?limit=1`, own)).status).toBe(200)
    for (const [method, path, claims] of [
      ['PUT', BAN, own],
      ['GET', '/v1/admin/instances', own],
      ['GET', BANS, { ...own, htm: 'PUT' }],
      ['GET', BANS, { htu: `https://other.test${BANS}` }],
      ['GET', BANS, { htm: 7 }],
    ] as const) {
      const response = await operator.call(
        method,
        path,
        claims,
        method === 'PUT' ? { reason: 'r' } : undefined,
      )
      await expectRefused(service, response, refusal('operator_token_for_another_call'))
    }
  })
})

describe('a reset with a slow body', () => {
  it('counts from when it is made: a challenge of meanwhile is refused', async () => {
    const { service, operators } = await setUp({})
    const [operator] = operators as [Operator]
    const answer = await service.post('/v1/enroll', await service.evidence())
    const { access_token: token } = (await answer.json()) as { access_token: string }
    const { ecs } = claimsOf(token) as { ecs: Record<string, string> }
    const names = [ecs['owner_account_id'], ecs['region_id'], ecs['instance_id']]
    const began = service.now

    let end = (): void => undefined
    const body = new ReadableStream<Uint8Array>({ start: (it) => void (end = () => it.close()) })
    const path = `/v1/admin/instances/${names.join('/')}/reset`
    const slow = operator.call('POST', path, {}, body)
    await new Promise((resolve) => setTimeout(resolve, 50))
    service.now = began + 4
    const stolen = await service.evidence()
    end()
    expect((await slow).status).toBe(200)
    service.now = began + 5
    await expectRefused(service, await service.post('/v1/enroll', stolen), {
      status: 401,
      code: 'invalid_evidence',
      reason: 'challenge_before_reset',
    })
    await enrolled(await service.post('/v1/enroll', await service.evidence()))
  })
})

describe('parseOperatorKeys()', () => {
  it.each([
    [{ name: '' }, /"name": expected 1 to 128/],
    [{ name: 'a b' }, /"name"/],
    [{ name: 7 }, /"name"/],
    [{ name: 'x'.repeat(129) }, /"name"/],
    [{ scope: [] }, /"scope": expected a list/],
    [{ scope: 'read' }, /"scope"/],
    [{ scope: ['admin'] }, /"scope"/],
    [{ scope: ['read', 'read'] }, /"scope"/],
    [{ scope: null }, /"scope"/],
  ])('refuses %j', async (pinned, message) => {
    const { publicKey } = await generateKeyPair('ES256')
    const keys = [{ ...(await exportJWK(publicKey)), ...pinned }]
    await expect(parseOperatorKeys({ keys })).rejects.toThrow(message)
  })
})
