// The same evidence in every form in which clients post it gives the same answer: the same enrollment,
// since all but the first are retries of it.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createAdaptorServer } from '@hono/node-server'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { FORM, claimsOf, enrolled, expectRefused, form } from '../../../support/http.ts'
import {
  type Evidence,
  type TestService,
  createTestService,
} from '../../../support/test-service.ts'
import { requireTool } from '../../../support/requirements.ts'

const run = promisify(execFile)

let service: TestService
let evidence: Evidence
let first: unknown

/** What makes an enrollment the same one. */
const enrollmentOf = (token: unknown): unknown => {
  const { jti, iat, exp, sub } = claimsOf(String(token))
  return { jti, iat, exp, sub }
}

beforeAll(async () => {
  service = await createTestService()
  // Base64 has a + in almost every message; the tests of spaces in its place need one.
  do evidence = await service.evidence()
  while (!evidence.pkcs7.includes('+'))
  const answer = await enrolled(await service.post('/v1/enroll', evidence))
  first = enrollmentOf(answer['access_token'])
})

const asJson = (fields: Evidence): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(fields),
})
const asForm = (fields: Evidence): RequestInit => ({
  method: 'POST',
  headers: FORM,
  body: form(fields),
})
const asMultipart = (fields: Evidence): RequestInit => {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  return { method: 'POST', body }
}
const asFiles = (fields: Evidence): RequestInit => {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    body.append(name, new Blob([value], { type: 'application/octet-stream' }), `${name}.txt`)
  }
  return { method: 'POST', body }
}

const ENCODINGS = [
  ['JSON', asJson],
  ['a URL-encoded form', asForm],
  ['a multipart form', asMultipart],
  ['a multipart form of files', asFiles],
] as const

const wrap = (text: string, width: number, end: string): string =>
  (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).map((line) => line + end).join('')
const pem =
  (label: string, width = 64, end = '\n') =>
  (text: string): string =>
    `-----BEGIN ${label}-----${end}${wrap(text, width, end)}-----END ${label}-----${end}`

const FORMS: readonly (readonly [string, (pkcs7: string) => string])[] = [
  ['bare', (pkcs7) => pkcs7],
  ['bare, with a line end', (pkcs7) => `${pkcs7}\n`],
  ['wrapped at 64, LF', (pkcs7) => wrap(pkcs7, 64, '\n')],
  ['wrapped at 64, CRLF', (pkcs7) => wrap(pkcs7, 64, '\r\n')],
  ['wrapped at 76, LF', (pkcs7) => wrap(pkcs7, 76, '\n')],
  ['wrapped at 76, CRLF', (pkcs7) => wrap(pkcs7, 76, '\r\n')],
  ['wrapped at 76, without a line end last', (pkcs7) => wrap(pkcs7, 76, '\n').trimEnd()],
  ['PEM labelled PKCS7', pem('PKCS7')],
  ['PEM labelled CMS', pem('CMS')],
  ['PEM labelled CERTIFICATE', pem('CERTIFICATE')],
  ['PEM labelled PKCS7, CRLF', pem('PKCS7', 76, '\r\n')],
  ['PEM labelled PKCS7, on one line', pem('PKCS7', 100_000)],
]

describe.each(ENCODINGS)('POST /v1/enroll as %s', (_encoding, encode) => {
  const enrollsAlike = async (fields: Evidence): Promise<void> => {
    const answer = await enrolled(await service.request('/v1/enroll', encode(fields)))
    expect(enrollmentOf(answer['access_token'])).toEqual(first)
    expect(service.events.at(-1)?.retry).toBe(true)
  }

  it.each(FORMS)('takes PKCS7 %s as the same enrollment', (_name, change) =>
    enrollsAlike({ ...evidence, pkcs7: change(evidence.pkcs7) }),
  )

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
  ])('takes a document with %s at its end as the same enrollment', (_name, end) =>
    enrollsAlike({ ...evidence, document: evidence.document + end }),
  )

  it.each([
    ['two line ends', '\n\n'],
    ['a space', ' '],
    ['NUL', '\0'],
  ])('refuses a document with %s at its end', async (_name, end) => {
    const fields = { ...evidence, document: evidence.document + end }
    await expectRefused(service, await service.request('/v1/enroll', encode(fields)), {
      status: 401,
      code: 'invalid_evidence',
      reason: 'document_mismatch',
    })
  })

  it('refuses PKCS7 whose plus signs have become spaces', async () => {
    const fields = { ...evidence, pkcs7: evidence.pkcs7.replaceAll('+', ' ') }
    expect(fields.pkcs7).not.toBe(evidence.pkcs7)
    await expectRefused(service, await service.request('/v1/enroll', encode(fields)), {
      status: 401,
      code: 'invalid_evidence',
      reason: 'malformed_encoding',
    })
  })
})

describe('POST /v1/enroll as a URL-encoded form', () => {
  const post = async (body: string): Promise<Response> =>
    service.request('/v1/enroll', { method: 'POST', headers: FORM, body })

  it('refuses a plus sign that was not encoded, which a form reads as a space', async () => {
    expect(evidence.pkcs7).toContain('+')
    const document = encodeURIComponent(evidence.document)
    await enrolled(await post(`document=${document}&pkcs7=${encodeURIComponent(evidence.pkcs7)}`))
    const response = await post(
      `document=${document}&pkcs7=${evidence.pkcs7.replaceAll('=', '%3D')}`,
    )
    await expectRefused(service, response, {
      status: 401,
      code: 'invalid_evidence',
      reason: 'malformed_encoding',
    })
  })

  it('refuses a document with CR alone at its end', async () => {
    const fields = { ...evidence, document: `${evidence.document}\r` }
    await expectRefused(service, await post(form(fields)), {
      status: 401,
      code: 'invalid_evidence',
      reason: 'document_mismatch',
    })
  })

  it.each([
    ['a percent sign without digits', 'document=%'],
    ['a percent sign with one digit', 'document=%4'],
    ['escapes that are not UTF-8', 'document=%ff%fe'],
    ['a field without an equals sign', 'document'],
    ['an ampersand at its end', 'role=worker&'],
  ])('refuses %s', async (_name, body) => {
    await expectRefused(service, await post(body), {
      status: 400,
      code: 'invalid_request',
      reason: 'body_malformed',
    })
  })
})

describe('POST /v1/enroll as curl sends it', () => {
  it.for<readonly [string, readonly string[]]>([
    ['-F name=@file', ['-F', 'document=@document', '-F', 'pkcs7=@pkcs7']],
    ['-F name=<file', ['-F', 'document=<document', '-F', 'pkcs7=<pkcs7']],
    [
      '--data-urlencode name@file',
      ['--data-urlencode', 'document@document', '--data-urlencode', 'pkcs7@pkcs7'],
    ],
  ])('with %s is the same enrollment', async ([, args], context) => {
    const curl = requireTool(context, 'curl', 'install it from your system’s packages')
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-curl-'))
    writeFileSync(join(folder, 'document'), evidence.document)
    writeFileSync(join(folder, 'pkcs7'), `${evidence.pkcs7}\n`)
    const server = createAdaptorServer({ fetch: service.fetch, overrideGlobalObjects: false })
    try {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/enroll`
      const { stdout } = await run(curl, ['-sS', '-H', 'Accept: application/jwt', ...args, url], {
        cwd: folder,
      })
      expect(enrollmentOf(stdout)).toEqual(first)
    } finally {
      server.close()
      rmSync(folder, { recursive: true })
    }
  })
})
