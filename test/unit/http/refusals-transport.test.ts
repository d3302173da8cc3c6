// What the service must refuse of the transport. Each case starts from a request that is accepted and
// changes one thing.

import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_BODY_BYTES } from '../../../src/http/request/body.ts'
import { type Listener, exchange, listen } from '../../support/listener.ts'
import {
  FORM,
  INVALID,
  claimsOf,
  enrolled,
  expectRefused,
  expects,
  form,
} from '../../support/http.ts'
import {
  type Evidence,
  ISSUER,
  type TestService,
  createTestService,
} from '../../support/test-service.ts'

const BODY_TIMEOUT_SECONDS = 0.2

let service: TestService
let listener: Listener
let evidence: Evidence

beforeAll(async () => {
  service = await createTestService()
  listener = await listen(service)
  evidence = await service.evidence()
  await enrolled(await service.post('/v1/enroll', evidence))
})
afterAll(() => listener.close())

const enroll = (
  body: RequestInit['body'] & {},
  headers: Record<string, string> = FORM,
): Promise<Response> => service.request('/v1/enroll', { method: 'POST', headers, body })

const TOO_LARGE = expects(413, 'payload_too_large', 'body_too_large')
const UNSUPPORTED = (reason: string) => expects(415, 'unsupported_media_type', reason)

const HEAD = ['POST /v1/enroll HTTP/1.1', 'Host: x', `Content-Type: ${FORM['Content-Type']}`]
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`

describe('createApp() refuses a body over the cap', () => {
  /** The evidence with so much more that the body has `length` bytes. */
  const padded = (length: number): string => {
    const body = `${form(evidence)}&resource=`
    return body.padEnd(length, 'x')
  }

  it('but none that is as large as the cap', async () => {
    const response = await enroll(padded(MAX_BODY_BYTES))
    await expectRefused(service, response, expects(403, 'not_admitted', 'resource_not_allowed'))
  })

  it('by one byte', async () => {
    await expectRefused(service, await enroll(padded(MAX_BODY_BYTES + 1)), TOO_LARGE)
  })

  it('that its length announces, before any of it is there', async () => {
    const head = [...HEAD, `Content-Length: ${MAX_BODY_BYTES + 1}`]
    await expectRefused(service, await exchange(listener.port, head), TOO_LARGE)
  })

  it('that is chunked, without a length, before it has ended', async () => {
    const head = [...HEAD, 'Transfer-Encoding: chunked']
    const text = padded(MAX_BODY_BYTES)
    await expectRefused(service, await exchange(listener.port, head, [chunk(text), '0\r\n\r\n']), {
      ...expects(403, 'not_admitted', 'resource_not_allowed'),
    })
    const endless = (function* () {
      yield chunk(text)
      for (;;) yield chunk('x')
    })()
    await expectRefused(service, await exchange(listener.port, head, endless), TOO_LARGE)
  })

  it('that is larger than a length that was forged', async () => {
    const headers = { ...FORM, 'Content-Length': '1' }
    await expectRefused(service, await enroll(padded(MAX_BODY_BYTES + 1), headers), TOO_LARGE)
  })
})

describe('createApp() refuses a body that is slow', () => {
  const TIMEOUT = expects(408, 'request_timeout', 'body_timeout')
  const stream = (pull: UnderlyingDefaultSource<Uint8Array>['pull'] & {}): RequestInit => {
    const body = new ReadableStream<Uint8Array>({ pull })
    return { method: 'POST', headers: FORM, body, duplex: 'half' } as RequestInit
  }

  let impatient: TestService
  beforeAll(async () => {
    impatient = await createTestService({ bodyTimeoutSeconds: BODY_TIMEOUT_SECONDS })
  })

  it('and does not come', async () => {
    const { port, close } = await listen(impatient)
    try {
      const response = await exchange(port, [...HEAD, 'Content-Length: 100'])
      await expectRefused(impatient, response, TIMEOUT)
    } finally {
      await close()
    }
  })

  it('and trickles, so that the cap would never be reached', async () => {
    const trickle = stream(async (controller) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      controller.enqueue(Uint8Array.of(0x78))
    })
    await expectRefused(impatient, await impatient.request('/v1/enroll', trickle), TIMEOUT)
  })

  it('and breaks off', async () => {
    const broken = stream((controller) => controller.error(new Error('gone')))
    const response = await service.request('/v1/enroll', broken)
    await expectRefused(service, response, INVALID('body_malformed'))
  })

  it('but none that comes in parts', async () => {
    const head = [...HEAD, 'Transfer-Encoding: chunked']
    const text = form(evidence)
    const parts = [chunk(text.slice(0, 9)), chunk(text.slice(9)), '0\r\n\r\n']
    await enrolled(await exchange(listener.port, head, parts))
  })
})

describe('createApp() refuses a body that is compressed', () => {
  it('with gzip', async () => {
    const headers = { ...FORM, 'Content-Encoding': 'gzip' }
    const response = await enroll(gzipSync(form(evidence)), headers)
    await expectRefused(service, response, UNSUPPORTED('content_encoding'))
  })

  it.each(['identity', 'br', ''])('by its header, with %j', async (encoding) => {
    const headers = { ...FORM, 'Content-Encoding': encoding }
    await expectRefused(
      service,
      await enroll(form(evidence), headers),
      UNSUPPORTED('content_encoding'),
    )
  })
})

describe('createApp() refuses a content type', () => {
  it.each([
    'text/plain',
    'application/xml',
    'application/jsonx',
    'application/json, application/json',
    'multipart/mixed; boundary=x',
    'x',
    '',
  ])('%j', async (type) => {
    const response = await enroll(form(evidence), { 'Content-Type': type })
    await expectRefused(service, response, UNSUPPORTED('content_type'))
  })

  it('that is absent', async () => {
    const body = new TextEncoder().encode(form(evidence))
    await expectRefused(service, await enroll(body, {}), UNSUPPORTED('content_type'))
  })

  it.each([
    'charset=iso-8859-1',
    'charset=utf-16',
    'charset=utf-7',
    'charset=',
    'charset=utf-8; charset=utf-16',
    'charset =utf-16',
  ])('with another charset: %s', async (charset) => {
    for (const type of ['application/json', FORM['Content-Type']]) {
      const body = type === 'application/json' ? JSON.stringify(evidence) : form(evidence)
      await enrolled(await enroll(body, { 'Content-Type': `${type}; charset=utf-8` }))
      const response = await enroll(body, { 'Content-Type': `${type}; ${charset}` })
      await expectRefused(service, response, UNSUPPORTED('content_type'))
    }
  })
})

describe('createApp() is not moved by', () => {
  const outcome = async (answer: Record<string, unknown>): Promise<unknown> => {
    const { iss, sub, jti, iat, exp, ecs } = claimsOf(String(answer['access_token']))
    return { iss, sub, jti, iat, exp, ecs }
  }

  it.each([
    ['X-Forwarded-For', '10.0.0.1'],
    ['X-Forwarded-For', '127.0.0.1, 192.168.10.21'],
    ['X-Real-IP', '127.0.0.1'],
    ['Forwarded', 'for=127.0.0.1;host=evil.example;proto=http'],
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Forwarded-Proto', 'http'],
  ])('a header %s made by the client: %s', async (name, value) => {
    const plain = await enrolled(await enroll(form(evidence)))
    const before = service.events.at(-1)
    const forged = await enrolled(await enroll(form(evidence), { ...FORM, [name]: value }))
    expect(await outcome(forged)).toEqual(await outcome(plain))
    const moving = { request_id: '', duration_ms: 0 }
    expect({ ...service.events.at(-1), ...moving }).toEqual({ ...before, ...moving })
  })

  it.each(['evil.example', 'rollcall.example.evil.example', 'rollcall.example:8443'])(
    'a Host header that tries to change the issuer: %s',
    async (host) => {
      const get = async (path: string): Promise<string> =>
        (await exchange(listener.port, [`GET ${path} HTTP/1.1`, `Host: ${host}`])).text()
      for (const path of ['/.well-known/openid-configuration', '/openapi.json', '/bootstrap.sh']) {
        const text = await get(path)
        expect(text).toContain(ISSUER)
        expect(text.replaceAll(ISSUER, '')).not.toContain(host)
      }
      const body = form(evidence)
      const length = `Content-Length: ${body.length}`
      const post = (text: string): Promise<Response> =>
        exchange(listener.port, [HEAD[0] ?? '', `Host: ${host}`, HEAD[2] ?? '', length], [text])
      const answer = await enrolled(await post(body))
      expect(claimsOf(String(answer['access_token']))['iss']).toBe(ISSUER)
      const refused = await post(body.replace('i-bp13', 'i-bp14'))
      expect(refused.headers.get('WWW-Authenticate')).toBe(`InstanceIdentity realm="${ISSUER}"`)
    },
  )

  it('an absolute address that names another host', async () => {
    const head = ['GET http://evil.example/.well-known/openid-configuration HTTP/1.1', 'Host: x']
    const answer = (await (await exchange(listener.port, head)).json()) as Record<string, unknown>
    expect(answer['issuer']).toBe(ISSUER)
  })
})
