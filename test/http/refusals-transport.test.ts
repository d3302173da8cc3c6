// What must be refused about the transport. Each test starts from a request that is answered with a
// token and changes one thing.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ISSUER, claimsOf } from '../support/enrollment.ts'
import { type HttpScene, problemOf, setHttpScene } from './support.ts'

const PATH = '/v1/enroll'
const FORM = 'application/x-www-form-urlencoded'

describe('POST /v1/enroll', () => {
  let scene: HttpScene
  let fields: { document: string; pkcs7: string }
  beforeAll(async () => {
    scene = await setHttpScene({}, { bodyTimeoutSeconds: 0.3 })
  })
  beforeEach(async () => {
    fields = scene.evidence(await scene.challenge())
  })

  const form = (): string => new URLSearchParams(fields).toString()
  const post = (body: BodyInit, headers: Record<string, string>, path = PATH) =>
    scene.request(path, { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
  const expectProblem = async (
    response: Response,
    status: number,
    code: string,
    reason: string,
  ): Promise<void> => {
    expect(response.status).toBe(status)
    expect(await problemOf(response)).toMatchObject({ status, code })
    expect(scene.events.at(-1)).toMatchObject({ event: 'enroll', outcome: 'refused', code, reason })
  }
  const streamOf = (...chunks: string[]): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
        controller.close()
      },
    })

  it('answers the request that the refusals start from with a token', async () => {
    expect((await post(form(), { 'Content-Type': FORM })).status).toBe(200)
  })

  it('refuses a body over the cap, by its announced length', async () => {
    const body = `${form()}&role=${'x'.repeat(16_384)}`
    const headers = { 'Content-Type': FORM, 'Content-Length': String(body.length) }
    await expectProblem(await post(body, headers), 413, 'payload_too_large', 'body_too_large')
  })

  it('refuses a body over the cap that comes in chunks without a length', async () => {
    const body = streamOf(form(), '&role=', ...Array.from({ length: 17 }, () => 'x'.repeat(1024)))
    const response = await post(body, { 'Content-Type': FORM })
    await expectProblem(response, 413, 'payload_too_large', 'body_too_large')
  })

  it('takes a body of exactly 16,384 bytes', async () => {
    const padding = 16_384 - form().length - '&audience='.length
    const body = `${form()}&audience=${'x'.repeat(padding)}`
    const response = await post(body, { 'Content-Type': FORM })
    await expectProblem(response, 401, 'invalid_evidence', 'audience_mismatch')
  })

  it('refuses a slow body', async () => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(form())),
    })
    const response = await post(body, { 'Content-Type': FORM })
    await expectProblem(response, 408, 'request_timeout', 'body_timeout')
  })

  it.each(['gzip', 'br', 'identity'])('refuses a compressed body: %s', async (encoding) => {
    const headers = { 'Content-Type': FORM, 'Content-Encoding': encoding }
    const response = await post(form(), headers)
    await expectProblem(response, 415, 'unsupported_media_type', 'content_encoding')
  })

  it.each([
    'text/plain',
    'application/xml',
    'application/octet-stream',
    'application/jsonp',
    `${FORM}; charset=iso-8859-1`,
    '',
  ])('refuses a wrong content type: %j', async (type) => {
    const response = await post(form(), { 'Content-Type': type })
    await expectProblem(response, 415, 'unsupported_media_type', 'content_type')
  })

  it('refuses repeated fields in a form', async () => {
    const response = await post(`${form()}&document=x`, { 'Content-Type': FORM })
    await expectProblem(response, 400, 'invalid_request', 'field_repeated')
  })

  it('refuses repeated fields in a form, one of them percent-encoded', async () => {
    const response = await post(`${form()}&doc%75ment=x`, { 'Content-Type': FORM })
    await expectProblem(response, 400, 'invalid_request', 'field_repeated')
  })

  it('refuses repeated fields in multipart', async () => {
    const body = new FormData()
    for (const [name, value] of Object.entries(fields)) body.append(name, value)
    body.append('pkcs7', fields.pkcs7)
    await expectProblem(await post(body, {}), 400, 'invalid_request', 'field_repeated')
  })

  it.each(['"document":"x"', '"docu\\u006dent":"x"'])(
    'refuses repeated fields in JSON: %s',
    async (member) => {
      const body = JSON.stringify(fields).replace('{', `{${member},`)
      const response = await post(body, { 'Content-Type': 'application/json' })
      await expectProblem(response, 400, 'invalid_request', 'field_repeated')
    },
  )

  it('refuses fields in query and body', async () => {
    const response = await post(form(), { 'Content-Type': FORM }, `${PATH}?role=worker`)
    await expectProblem(response, 400, 'invalid_request', 'query_not_allowed')
  })

  it.each([
    ['without a document', () => ({ pkcs7: fields.pkcs7 }), 'field_missing'],
    ['without a pkcs7', () => ({ document: fields.document }), 'field_missing'],
    ['with an empty document', () => ({ ...fields, document: '' }), 'field_empty'],
    ['with an empty role', () => ({ ...fields, role: '' }), 'field_empty'],
    ['with an unknown field', () => ({ ...fields, extra: 'x' }), 'field_unknown'],
    ['with __proto__', () => JSON.parse('{"__proto__":"x"}') as object, 'field_unknown'],
    ['with a role out of pattern', () => ({ ...fields, role: 'Worker' }), 'field_malformed'],
    ['with a number', () => ({ ...fields, role: 1 }), 'field_not_text'],
    ['with a list', () => ({ ...fields, document: [fields.document] }), 'field_not_text'],
    ['with null', () => ({ ...fields, role: null }), 'field_not_text'],
    ['that is a list', () => [fields], 'body_malformed'],
    ['that is a text', () => 'text', 'body_malformed'],
  ])('refuses JSON %s', async (_, body, reason) => {
    const response = await post(JSON.stringify(body()), { 'Content-Type': 'application/json' })
    await expectProblem(response, 400, 'invalid_request', reason)
  })

  it.each([
    ['JSON that breaks off', '{"document":', 'application/json'],
    ['a form with a broken escape', 'document=%zz', FORM],
    ['a form with an escape that is not UTF-8', 'document=%ff', FORM],
    ['a form without an equals sign', 'document', FORM],
    ['multipart without a boundary', 'x', 'multipart/form-data'],
  ])('refuses %s', async (_, body, type) => {
    const response = await post(body, { 'Content-Type': type })
    await expectProblem(response, 400, 'invalid_request', 'body_malformed')
  })

  it('refuses a plus sign that was not encoded: it reads as a space', async () => {
    const pkcs7 = fields.pkcs7.includes('+') ? fields.pkcs7 : `${fields.pkcs7.slice(0, -1)}+`
    const body = `document=${encodeURIComponent(fields.document)}&pkcs7=${pkcs7}`
    const response = await post(body, { 'Content-Type': FORM })
    await expectProblem(response, 401, 'invalid_evidence', 'malformed_encoding')
  })

  it.each([
    ['key binding by a DPoP header', { DPoP: 'x' }, 'key_binding_unsupported'],
    ['an asynchronous invocation', { 'X-Fc-Invocation-Type': 'Async' }, 'invocation_async'],
  ])('refuses %s', async (_, header, reason) => {
    const response = await post(form(), { 'Content-Type': FORM, ...header } as Record<
      string,
      string
    >)
    await expectProblem(response, 400, 'invalid_request', reason)
  })

  it('takes no notice of an X-Forwarded-For made by the client', async () => {
    const plain = await post(form(), { 'Content-Type': FORM })
    const forwarded = await post(form(), { 'Content-Type': FORM, 'X-Forwarded-For': '1.2.3.4' })
    const claims = async (response: Response) =>
      claimsOf(String(((await response.json()) as { access_token: string }).access_token))
    expect(await claims(forwarded)).toEqual(await claims(plain))
    expect(scene.log()).not.toContain('1.2.3.4')
  })

  it('takes no notice of a Host header that tries to change the issuer', async () => {
    const evil = 'evil.example'
    const headers = { 'Content-Type': FORM, Host: evil, 'X-Forwarded-Host': evil }
    const response = await post(form(), headers, `https://${evil}${PATH}`)
    const { access_token: token } = (await response.json()) as { access_token: string }
    expect(claimsOf(token)['iss']).toBe(ISSUER)
    for (const path of ['/.well-known/openid-configuration', '/bootstrap.sh', '/openapi.json']) {
      const page = await scene.request(`https://${evil}${path}`, { headers })
      expect(await page.text()).not.toContain(evil)
    }
  })
})

describe('POST /v1/challenge', () => {
  it('refuses dpop_jkt in so many words', async () => {
    const { postForm } = await setHttpScene()
    const response = await postForm('/v1/challenge', { dpop_jkt: 'k'.repeat(43) })
    const problem = await problemOf(response)
    expect(problem).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(problem['title']).toMatch(/does not bind tokens to keys/)
  })

  it('answers 429 where a rate limiter says no', async () => {
    const { postForm, events } = await setHttpScene({}, { rateLimiter: async () => false })
    const response = await postForm('/v1/challenge', {})
    expect(response.headers.get('Retry-After')).toMatch(/^[0-9]+$/)
    expect(await problemOf(response)).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(events).toHaveLength(1)
  })
})
