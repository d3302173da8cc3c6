// Discovery: the keys of the real service, and every answer that is not taken for one.

import { beforeAll, describe, expect, it } from 'vitest'
import { discoverKeys } from '../../../src/relying-party/discovery.ts'
import { ISSUER, type TestService, createTestService } from '../../support/test-service.ts'
import { createTestTimers } from '../../support/timing.ts'

const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`
const JWKS = `${ISSUER}/.well-known/jwks.json`

let service: TestService
let jwks: { readonly keys: readonly object[] }
beforeAll(async () => {
  service = await createTestService()
  jwks = (await (await service.request('/.well-known/jwks.json')).json()) as typeof jwks
})

type Answers = Readonly<Record<string, () => Response>>

const json = (value: unknown): Response => new Response(JSON.stringify(value))

/** Calls; the service answers every URL that is not in the list. */
const discover = async (answers: Answers = {}) => {
  const asked: string[] = []
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    asked.push(url)
    return answers[url]?.() ?? service.fetch(new Request(url, init))
  }
  return { found: await discoverKeys(ISSUER, fetch), asked }
}

describe('discoverKeys()', () => {
  it('gets the keys of the service in two calls', async () => {
    const { found, asked } = await discover()
    expect(asked).toEqual([DISCOVERY, JWKS])
    const kids = found.ok ? found.value.map(({ thumbprint }) => thumbprint) : []
    expect(kids).toEqual(jwks.keys.map((key) => (key as { kid: string }).kid))
  })

  it('asks for no redirect to be followed, and can be stopped', async () => {
    const inits: RequestInit[] = []
    await discoverKeys(ISSUER, async (url, init) => {
      inits.push(init)
      return service.fetch(new Request(url, init))
    })
    expect(inits.map(({ redirect }) => redirect)).toEqual(['manual', 'manual'])
    expect(inits.every(({ signal }) => signal instanceof AbortSignal)).toBe(true)
  })

  it('leaves out keys of a type that it does not know, and symmetric ones', async () => {
    const keys = [{ kty: 'AKP', alg: 'ML-DSA-44' }, { kty: 'oct', k: 'AAAA' }, ...jwks.keys]
    const { found } = await discover({ [JWKS]: () => json({ keys }) })
    expect(found.ok && found.value.length).toBe(jwks.keys.length)
  })

  const redirect = (): Response =>
    new Response(null, { status: 302, headers: { Location: 'https://evil.test/' } })
  const document =
    (changes: object): (() => Response) =>
    () =>
      json({ issuer: ISSUER, jwks_uri: JWKS, ...changes })

  it.each<[string, Answers, RegExp]>([
    ['a redirect', { [DISCOVERY]: redirect }, /answered 302; expected 200/],
    ['a redirect to the keys', { [JWKS]: redirect }, /jwks.json answered 302/],
    ['an error', { [DISCOVERY]: () => new Response('{}', { status: 503 }) }, /answered 503/],
    ['a page', { [DISCOVERY]: () => new Response('<html>') }, /JSON object/],
    ['null', { [DISCOVERY]: () => json(null) }, /JSON object/],
    [
      'a member twice',
      { [DISCOVERY]: () => new Response(`{"issuer":"${ISSUER}","issuer":"x"}`) },
      /unique members/,
    ],
    ['more than 64 KiB', { [JWKS]: () => json({ keys: [], x: 'x'.repeat(65_536) }) }, /64 KiB/],
    [
      'another issuer',
      { [DISCOVERY]: document({ issuer: 'https://evil.test' }) },
      /another issuer/,
    ],
    [
      'the issuer with a slash',
      { [DISCOVERY]: document({ issuer: `${ISSUER}/` }) },
      /another issuer/,
    ],
    ['no jwks_uri', { [DISCOVERY]: document({ jwks_uri: undefined }) }, /"jwks_uri".*not below/],
    [
      'keys at another host',
      { [DISCOVERY]: document({ jwks_uri: 'https://evil.test/jwks' }) },
      /not below/,
    ],
    [
      'keys without TLS',
      { [DISCOVERY]: document({ jwks_uri: JWKS.replace('https', 'http') }) },
      /not below/,
    ],
    [
      'keys at another port',
      { [DISCOVERY]: document({ jwks_uri: JWKS.replace('.test', '.test:444') }) },
      /not below/,
    ],
    [
      'keys at a host that begins like it',
      { [DISCOVERY]: document({ jwks_uri: JWKS.replace('.test', '.test.evil.test') }) },
      /not below/,
    ],
    ['no keys', { [JWKS]: () => json({ keys: [] }) }, /no key of P-256/],
    ['keys that are no list', { [JWKS]: () => json({ keys: {} }) }, /no key of P-256/],
    [
      'a symmetric key alone',
      { [JWKS]: () => json({ keys: [{ kty: 'oct', k: 'AA' }] }) },
      /no key/,
    ],
    [
      'a weak key alone',
      { [JWKS]: () => json({ keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] }) },
      /no/,
    ],
  ])('refuses %s', async (_, answers, detail) => {
    const { found } = await discover(answers)
    expect(found).toMatchObject({
      ok: false,
      refusal: { detail: expect.stringMatching(detail) as string },
    })
  })

  it('refuses an issuer that is unreachable, with the error as the cause', async () => {
    const cause = new TypeError('fetch failed')
    const found = await discoverKeys(ISSUER, () => Promise.reject(cause))
    expect(found).toEqual({ ok: false, refusal: { detail: `${ISSUER} is unreachable`, cause } })
  })

  it('gives up after 5 s, also if fetch ignores the signal', async () => {
    const { timer, running, goOff } = createTestTimers()
    const found = discoverKeys(ISSUER, () => new Promise(() => undefined), timer)
    expect(running()).toEqual([5])
    goOff()
    expect(await found).toMatchObject({ ok: false, refusal: { cause: { name: 'TimeoutError' } } })
  })
})
