// exchangeToken(): what the service answers, and how the exchange ends.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ClientError,
  type ClientErrorCode,
  type DpopKey,
  type Enrolled,
  type ExchangeOptions,
  type Retry,
  createDpopKey,
  enrollInstance,
  exchangeToken,
  parsePrivateKey,
} from '../../../src/client/index.ts'
import { oauthErrorResponse } from '../../../src/http/oauth-error.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import {
  AUDIENCE,
  type ClientService,
  ISSUER,
  ROLE,
  type Reply,
  createClientService,
  disconnected,
  inTurn,
  refusing,
  status,
} from '../../support/client-service.ts'
import { hostileProblem } from '../../support/problem.ts'
import { claimsOf } from '../../support/test-enroller.ts'

const TOKEN = '/v1/token'
const APP = 'https://app.example'
const BOUND_APP = 'https://bound.example'
const EXCHANGE = [
  { audience: APP, binding: 'none' },
  { audience: BOUND_APP, binding: 'dpop', lifetime_seconds: 60 },
]
const YEAR = 3e7

let dpopKey: DpopKey
let service: ClientService
let enrolled: Enrolled
const makeKey = async (): Promise<DpopKey> =>
  createDpopKey(await parsePrivateKey(await generateSigningKeys('ES256')))
beforeAll(async () => {
  dpopKey = await makeKey()
})
beforeEach(async () => {
  service = await createClientService({ role: { reenrollment: 'same_key', exchange: EXCHANGE } })
  const { reach, metadata } = service
  enrolled = await enrollInstance({ issuer: ISSUER, ...reach, metadata, dpopKey })
})

const exchange = (changes: Partial<ExchangeOptions> = {}) => {
  const { accessToken, askedAt } = enrolled
  const asked = changes.resource === undefined ? { audience: APP } : {}
  const options = { issuer: ISSUER, ...service.reach, accessToken, askedAt, dpopKey }
  return exchangeToken({ ...options, ...asked, ...changes })
}

const failureOf = async (promise: Promise<unknown>): Promise<ClientError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ClientError)) throw new Error('it ends with another error, or none')
  return error
}

/** How often the service was asked for an exchange. */
const asked = (): number => service.requests.filter((it) => it === `POST ${TOKEN}`).length

/** The claims of each proof that the service was shown. */
const watchProofs = (reply: Reply = () => undefined): Record<string, unknown>[] => {
  const proofs: Record<string, unknown>[] = []
  service.reply = (request, real) => {
    proofs.push(claimsOf(request.headers.get('DPoP') ?? ''))
    return reply(request, real)
  }
  return proofs
}

const oauthError =
  (error: Parameters<typeof oauthErrorResponse>[0]['error'], headers = {}): Reply =>
  () => {
    const answer = oauthErrorResponse({ error, requestId: 'r-1', issuer: ISSUER })
    for (const [name, value] of Object.entries<string>(headers)) answer.headers.set(name, value)
    return answer
  }

const busy = refusing('unavailable')

/** A portal that answers as OAuth does, but is not the service: its answer has no request id. */
const portal: Reply = () => Response.json({ error: 'invalid_grant' }, { status: 400 })

describe('exchangeToken()', () => {
  it('gets an unbound token of one audience', async () => {
    const token = await exchange()
    expect(token).toMatchObject({ tokenType: 'Bearer', expiresInSeconds: 120, audience: APP })
    const claims = claimsOf(token.accessToken)
    expect(claims).toMatchObject({ aud: [APP], role: ROLE, exp: token.expiresAt })
    expect(claims).not.toHaveProperty('cnf')
    expect(claims['enrollment_jti']).toBe(claimsOf(enrolled.accessToken)['jti'])
  })

  it('gets a token that is bound to the same key, by the name of a resource', async () => {
    const token = await exchange({ resource: BOUND_APP })
    expect(token).toMatchObject({ tokenType: 'DPoP', expiresInSeconds: 60, audience: BOUND_APP })
    expect(claimsOf(token.accessToken)).toMatchObject({ cnf: { jkt: dpopKey.thumbprint } })
  })

  it('makes a new proof for each attempt, also if an answer with a token was lost', async () => {
    const proofs = watchProofs(
      inTurn(TOKEN, busy, async (request, real) => {
        expect((await real()).status).toBe(200)
        return disconnected(request, real) as never
      }),
    )
    await exchange()
    expect(service.timing.waits).toEqual([1, 2])
    expect(new Set(proofs.map(({ jti }) => jti)).size).toBe(3)
    for (const proof of proofs) {
      expect(proof).toMatchObject({ htm: 'POST', htu: `${ISSUER}${TOKEN}` })
      expect(proof['ath']).toMatch(/^[A-Za-z0-9_-]{43}$/)
    }
  })

  it.each([-YEAR, -100, 100, YEAR])(
    'works with a wall clock that is %i s wrong, since the token was asked for in this process',
    async (shift) => {
      service.timing.pass(90)
      const now = (): number => service.timing.now() + shift
      await exchange({ timing: { ...service.timing, now } })
      expect(asked()).toBe(1)
    },
  )

  it.each([-YEAR, -100, 100, YEAR])(
    'works with a wall clock that is %i s wrong and a token from elsewhere, by the Date of the refusal',
    async (shift) => {
      service.timing.pass(150)
      const date = (): string => new Date(service.timing.now() * 1000).toUTCString()
      service.reply = async (_, real) => {
        const answer = await real()
        answer.headers.set('Date', date())
        return answer
      }
      const now = (): number => service.timing.now() + shift
      const retries: Retry[] = []
      await exchange({
        timing: { ...service.timing, now },
        askedAt: undefined,
        onRetry: (retry) => void retries.push(retry),
      })
      expect(retries).toEqual([
        {
          detail: 'the proof was refused; making a new one at the time of the service',
          waitSeconds: 0,
        },
      ])
      expect(service.timing.waits).toEqual([])
    },
  )

  it('never proves the key for a time outside of the life of the token, whatever Date says', async () => {
    const { iat, exp } = claimsOf(enrolled.accessToken) as { iat: number; exp: number }
    for (const year of ['1990', '2199']) {
      const date = `Thu, 01 Jan ${year} 00:00:00 GMT`
      const proofs = watchProofs(oauthError('invalid_dpop_proof', { Date: date }))
      expect((await failureOf(exchange())).code).toBe('proof_refused')
      expect(proofs).toHaveLength(2)
      expect(proofs[1]?.['iat']).toBe(year === '1990' ? iat : exp)
    }
  })

  it('makes a refused proof again without a Date, once', async () => {
    const proofs = watchProofs(oauthError('invalid_dpop_proof'))
    expect(await failureOf(exchange())).toMatchObject({ code: 'proof_refused', status: 400 })
    expect(proofs.map(({ iat }) => iat)).toEqual([proofs[0]?.['iat'], proofs[0]?.['iat']])
    expect(proofs[0]?.['jti']).not.toBe(proofs[1]?.['jti'])
  })

  it.each<readonly [string, Reply, ClientErrorCode, number | undefined, number, number]>([
    ['refuses the token', oauthError('invalid_grant'), 'token_not_exchangeable', 400, 1, 0],
    ['refuses the audience', oauthError('invalid_target'), 'audience_not_allowed', 400, 1, 0],
    ['knows no such grant', oauthError('unsupported_grant_type'), 'unexpected_answer', 400, 1, 0],
    ['refuses the request', oauthError('invalid_request'), 'unexpected_answer', 400, 1, 0],
    ['has no exchange', refusing('not_found'), 'unexpected_answer', 404, 1, 0],
    ['calls it too long', refusing('payload_too_large'), 'request_refused', 413, 1, 0],
    ['cannot decide now', busy, 'unavailable', 503, 3, 2],
    ['limits the rate', refusing('rate_limited'), 'unavailable', 429, 3, 2],
    ['is unreachable', disconnected, 'unreachable', undefined, 3, 2],
    ['is behind a portal', status(302, { Location: '/login' }), 'foreign_answer', 302, 3, 2],
    ['is behind a login in JSON', portal, 'foreign_answer', 400, 3, 2],
    ['answers HTML', () => new Response('<html>'), 'foreign_answer', 200, 3, 2],
  ])('ends if the service %s', async (_, reply, code, httpStatus, calls, waits) => {
    service.reply = reply
    const error = await failureOf(exchange({ attempts: 3 }))
    expect(error).toMatchObject({ code, status: httpStatus })
    expect(error.remedy).toMatch(/^\S/)
    expect(asked()).toBe(calls)
    expect(service.timing.waits).toHaveLength(waits)
  })

  it.each<readonly [string, Record<string, unknown>]>([
    ['no token', { access_token: undefined }],
    ['an opaque token', { access_token: 'opaque' }],
    ['an unsigned token', { access_token: 'e30.eyJleHAiOjE4MDAwMDAwMDB9.' }],
    ['a token of another audience', { access_token: () => enrolled.accessToken }],
    ['no type', { token_type: 'mac' }],
    ['no lifetime', { expires_in: '120' }],
  ])('refuses an answer with %s', async (_, members) => {
    service.reply = async (__, real) => {
      const given = Object.entries(members).map(([name, value]) => [
        name,
        typeof value === 'function' ? (value as () => unknown)() : value,
      ])
      return Response.json({
        ...((await (await real()).json()) as object),
        ...(Object.fromEntries(given) as object),
      })
    }
    expect((await failureOf(exchange())).code).toBe('token_malformed')
  })

  it('shows the description of the service, and nothing that moves a cursor', async () => {
    service.reply = () =>
      Response.json(
        { error: 'invalid_grant', error_description: 'no\u001b[2J' },
        { status: 400, headers: { 'X-Request-Id': 'r-9' } },
      )
    const { message } = await failureOf(exchange())
    expect(message).toContain('refused: the service answered 400 (invalid_grant), request r-9: no')
    // eslint-disable-next-line no-control-regex
    expect(message).not.toMatch(/\u001b/)
    service.reply = () => hostileProblem({ title: '\u001b[2J', request_id: 'r' })
    // eslint-disable-next-line no-control-regex
    expect((await failureOf(exchange())).message).not.toMatch(/\u001b/)
  })

  it('ends with the reason of the real service: audience, expired token', async () => {
    const other = await failureOf(exchange({ audience: 'https://other.example' }))
    expect(other.code).toBe('audience_not_allowed')
    service.timing.pass(301)
    expect((await failureOf(exchange())).code).toBe('token_not_exchangeable')
  })

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController()
    service.reply = busy
    const reason = new Error('stop')
    const onRetry = (): void => stop.abort(reason)
    await expect(exchange({ signal: stop.signal, onRetry })).rejects.toBe(reason)
  })
})

describe('exchangeToken() sends nothing', () => {
  const before = async (changes: Partial<ExchangeOptions>): Promise<ClientError> => {
    const error = await failureOf(exchange(changes))
    expect(asked()).toBe(0)
    expect(error.message).not.toContain(changes.accessToken ?? enrolled.accessToken)
    return error
  }

  it('to a service that did not issue the token', async () => {
    const { code, message } = await before({ issuer: 'https://other.example' })
    expect(code).toBe('token_of_another_issuer')
    expect(message).toContain(`issued by "${ISSUER}", and this service is https://other.example`)
  })

  it('with another key than the one of the token', async () => {
    expect((await before({ dpopKey: await makeKey() })).code).toBe('key_of_another_token')
  })

  it('for a token that was exchanged itself', async () => {
    const { accessToken } = await exchange({ resource: BOUND_APP })
    const { length } = service.requests
    expect((await failureOf(exchange({ accessToken }))).code).toBe('token_not_exchangeable')
    expect(service.requests).toHaveLength(length)
  })

  it('for a token that is bound to no key', async () => {
    const { reach, metadata } = (service = await createClientService())
    const { accessToken } = await enrollInstance({ issuer: ISSUER, ...reach, metadata })
    const { code, message } = await before({ accessToken })
    expect(code).toBe('token_not_exchangeable')
    expect(message).toContain('--resource AUDIENCE')
    expect(claimsOf(accessToken)['aud']).toEqual([AUDIENCE])
  })

  it.each<readonly [string, Partial<ExchangeOptions>, typeof RangeError | typeof TypeError]>([
    ['a text that is no JWT', { accessToken: 'opaque' }, RangeError],
    ['an address with a path', { issuer: `${ISSUER}/a` }, RangeError],
    ['no attempt', { attempts: 0 }, RangeError],
    ['audience and resource', { audience: APP, resource: APP }, TypeError],
    ['an empty audience', { audience: '' }, TypeError],
  ])('for %s', async (_, changes, type) => {
    await expect(exchange(changes)).rejects.toThrow(type)
    expect(asked()).toBe(0)
  })
})
