// How often a call without an answer is made again, and how the clients end: by an enrollment and an operator's call.
// `test/system/client/no-answer.test.ts` has the causes themselves, with real servers.

import { describe, expect, it } from 'vitest'
import {
  type ClientError,
  ProxyError,
  createOperatorClient,
  diagnoseEnrollment,
  enrollInstance,
} from '../../../src/client/index.ts'
import { noAnswer } from '../../../src/client/no-answer.ts'
import { type ClientService, ISSUER, createClientService } from '../../support/client-service.ts'

const fetchFailed = (cause: unknown): Error => new TypeError('fetch failed', { cause })
const withCode = (code: string): Error => fetchFailed(Object.assign(new Error('x'), { code }))
/** As undici throws it. */
const undiciProxy = (status: number): Error => {
  const refused = new Error(`Proxy response (${status}) !== 200 when HTTP Tunneling`)
  return fetchFailed(
    Object.assign(new Error('Request was cancelled.', { cause: refused }), { code: 0 }),
  )
}
/** As Deno throws it. */
const denoSays = (words: string): Error =>
  fetchFailed(
    new Error(`error sending request for url (${ISSUER}/): client error (Connect): ${words}`),
  )

const failing = (service: ClientService, error: Error): void => {
  service.reply = () => {
    throw error
  }
}

const errorOf = (work: Promise<unknown>): Promise<ClientError> =>
  work.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error as ClientError,
  )

const CASES = [
  [
    'a certificate that is not trusted',
    withCode('DEPTH_ZERO_SELF_SIGNED_CERT'),
    'certificate_not_trusted',
    false,
  ],
  [
    'a certificate for another name',
    withCode('ERR_TLS_CERT_ALTNAME_INVALID'),
    'certificate_not_trusted',
    false,
  ],
  ['a server without TLS', withCode('ERR_SSL_WRONG_VERSION_NUMBER'), 'not_https', false],
  [
    'a certificate that is not valid yet',
    withCode('CERT_NOT_YET_VALID'),
    'certificate_not_current',
    true,
  ],
  ['a certificate that has expired', withCode('CERT_HAS_EXPIRED'), 'certificate_not_current', true],
  ['a refused connection', withCode('ECONNREFUSED'), 'unreachable', true],
  ['a proxy that requires a login', undiciProxy(407), 'proxy_failed', false],
  ['a proxy that reaches nobody', undiciProxy(502), 'proxy_failed', true],
] as const

describe('a call without an answer', () => {
  it.each(CASES)('ends an enrollment: %s', async (_, error, code, passes) => {
    const service = await createClientService()
    failing(service, error)
    const { reach, metadata } = service
    const failure = await errorOf(
      enrollInstance({ issuer: ISSUER, metadata, attempts: 3, ...reach }),
    )
    expect(failure.code).toBe(code)
    expect(failure.remedy).toMatch(/\w{3}/)
    expect(service.requests).toHaveLength(passes ? 3 : 1)
  })

  it.each(CASES)("ends an operator's call: %s", async (_, error, code, passes) => {
    const service = await createClientService()
    failing(service, error)
    const client = createOperatorClient({
      issuer: ISSUER,
      key: service.operatorKey,
      retries: 2,
      ...service.reach,
    })
    const failure = await errorOf(client.show({ account: '1', region: 'r', instance: 'i-1' }))
    expect(failure.code).toBe(code)
    expect(failure.remedy).toMatch(/\w{3}/)
    expect(service.requests).toHaveLength(passes ? 3 : 1)
  })

  it('ends an enrollment whose evidence is shown, and is not told as a refusal', async () => {
    const service = await createClientService()
    service.reply = (request) => {
      if (request.url.endsWith('/v1/enroll')) throw withCode('SELF_SIGNED_CERT_IN_CHAIN')
      return undefined
    }
    const { reach, metadata } = service
    const failure = await errorOf(enrollInstance({ issuer: ISSUER, metadata, ...reach }))
    expect(failure.code).toBe('certificate_not_trusted')
    expect(service.requests).toEqual(['POST /v1/challenge', 'POST /v1/enroll'])
  })

  it('has its own remedy in what the checks say', async () => {
    const service = await createClientService()
    failing(service, withCode('CERT_NOT_YET_VALID'))
    const { reach, metadata } = service
    const options = { issuer: ISSUER, metadata, hardened: metadata, enroll: false, ...reach }
    const outcomes = []
    for await (const outcome of diagnoseEnrollment({ ...options, acceptsNormalMode: false })) {
      outcomes.push(outcome)
    }
    const { detail, remedy } = outcomes.find(({ name }) => name === 'service') ?? {}
    expect(detail).toContain("this machine's clock says")
    expect(remedy).toMatch(/^set the clock of this machine/)
  })
})

describe('noAnswer()', () => {
  const tell = (error: Error) =>
    noAnswer(error, { url: `${ISSUER}/v1/challenge`, timeoutSeconds: 15, now: 0 })

  it.each([
    [407, 'the proxy refused the connection: 407, it requires a login', false],
    [401, 'the proxy refused the connection: 401, it does not accept the login', false],
    [403, 'the proxy refused the connection: 403, it does not allow this address', true],
    [502, 'the proxy refused the connection: 502, it cannot reach the service', true],
  ])("tells a proxy's own %i, which stands in the third cause", (status, detail, passes) => {
    expect(tell(undiciProxy(status))).toMatchObject({ code: 'proxy_failed', detail, passes })
  })

  it.each([
    ['proxy authentication required', 'the proxy refused the connection: 407, it requires a login'],
    ['unsuccessful tunnel', 'the proxy refused the connection'],
    ['unexpected eof while tunneling', 'the proxy refused the connection'],
  ])('tells what Deno says of a proxy: %s', (words, detail) => {
    expect(tell(denoSays(words))).toMatchObject({ code: 'proxy_failed', detail })
  })

  it('names the proxy of a ProxyError, and why there was no answer of it', () => {
    const proxy = 'http://proxy.example:3128'
    expect(tell(fetchFailed(new ProxyError(proxy, { status: 407 })))).toMatchObject({
      code: 'proxy_failed',
      detail: `the proxy ${proxy} refused the connection: 407, it requires a login`,
      passes: false,
    })
    const cause = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })
    expect(tell(fetchFailed(new ProxyError(proxy, { cause })))).toMatchObject({
      code: 'proxy_failed',
      detail: `the proxy ${proxy}: DNS has no address for proxy.example (ENOTFOUND)`,
      remedy: expect.stringContaining('NO_PROXY') as string,
      passes: true,
    })
  })

  it('takes the first of several addresses that were tried', () => {
    const error = new AggregateError([
      Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
    ])
    expect(tell(fetchFailed(error)).detail).toBe('the connection was refused (ECONNREFUSED)')
  })

  it('takes no word of an address for a cause', () => {
    const error = new Error('error sending request for url (https://certificate-expired.example/)')
    expect(tell(fetchFailed(error)).detail).toBe('the connection failed')
  })

  it('is made of anything that can be thrown', () => {
    const loop = new Error('loop')
    loop.cause = loop
    for (const error of [loop, 'text', null, undefined, new AggregateError([])] as Error[]) {
      expect(tell(error)).toMatchObject({ code: 'unreachable', passes: true })
    }
  })
})
