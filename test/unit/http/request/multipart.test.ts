// The reader of multipart/form-data, shape by shape, and by property: it gives back what a writer wrote, and
// refuses the rest without an error thrown.

import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../../src/base/result.ts'
import { parametersOf, parseHeaderValue } from '../../../../src/http/request/header-value.ts'
import { readMultipart } from '../../../../src/http/request/multipart.ts'
import { MULTIPART_SHAPES } from '../../../support/multipart-shapes.ts'
import { audienceName } from '../../../../src/base/wire/audience-name.ts'
import { ISSUER, type TestService, createTestService } from '../../../support/test-service.ts'

let service: TestService
beforeAll(async () => {
  service = await createTestService()
})

describe('POST /v1/challenge as multipart/form-data', () => {
  it.each(MULTIPART_SHAPES)('with $what', async ({ body, contentType, role }) => {
    const headers = { 'Content-Type': contentType ?? 'multipart/form-data; boundary=b' }
    const response = await service.request('/v1/challenge', { method: 'POST', headers, body })
    const answer = (await response.json()) as { audience?: string; code?: string }
    if (role === undefined) {
      expect([response.status, answer.code]).toEqual([400, 'invalid_request'])
    } else {
      expect(response.status).toBe(200)
      expect(answer.audience?.startsWith(audienceName(ISSUER, { role }))).toBe(true)
    }
  })

  it('refuses bytes that are not UTF-8', async () => {
    const [before, after] = [
      '--b\r\nContent-Disposition: form-data; name="role"\r\n\r\n',
      '\r\n--b--',
    ]
    const body = Buffer.concat([Buffer.from(before), Buffer.of(0xff, 0xfe), Buffer.from(after)])
    const headers = { 'Content-Type': 'multipart/form-data; boundary=b' }
    const response = await service.request('/v1/challenge', { method: 'POST', headers, body })
    expect(response.status).toBe(400)
  })

  it.each([
    ['two values', 'application/json, multipart/form-data; boundary=b'],
    ['an unfinished quoted string', 'multipart/form-data; boundary="b'],
    ['another charset', 'multipart/form-data; boundary=b; charset=utf-16'],
    ['two charsets', 'application/json; charset=utf-8; charset=utf-8'],
    ['no subtype', 'multipart'],
    ['an empty value', ' '],
  ])('refuses a Content-Type with %s as 415', async (_what, type) => {
    const init = { method: 'POST', headers: { 'Content-Type': type }, body: '{}' }
    expect((await service.request('/v1/challenge', init)).status).toBe(415)
  })
})

describe('readMultipart()', () => {
  const boundary = fc.stringMatching(/^[0-9A-Za-z'+_-]{1,70}$/)
  const name = fc.stringMatching(/^[0-9A-Za-z _.-]{1,20}$/)
  const fields = fc.array(fc.tuple(name, fc.string({ unit: 'binary', maxLength: 60 })), {
    minLength: 1,
    maxLength: 6,
  })
  const write = (pairs: readonly (readonly [string, string])[], mark: string): string =>
    pairs
      .map(
        ([key, value]) =>
          `--${mark}\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`,
      )
      .join('')
      .concat(`--${mark}--\r\n`)

  it('gives back what a writer wrote', () => {
    fc.assert(
      fc.property(fields, boundary, (pairs, mark) => {
        fc.pre(pairs.every(([, value]) => !`\r\n${value}\r\n`.includes(`\r\n--${mark}`)))
        expect(readMultipart(write(pairs, mark), [mark])).toEqual(accept(pairs))
      }),
    )
  })

  it('never throws, whatever the body', () => {
    const piece = fc.constantFrom(
      '--b',
      '\r\n',
      '--',
      'name="a"',
      'Content-Disposition: form-data; ',
      ':',
      ' ',
      'x',
      '\n',
      '"',
      '\\',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const read = readMultipart(pieces.join(''), ['b'])
        expect(read.ok || read.refusal.length > 0).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('looks at each byte a few times at most: 16 KiB of boundaries', () => {
    const body = '\r\n--b'.repeat(3276)
    expect(readMultipart(body, ['b'])).toEqual(refuse('a part has no empty line after its headers'))
  })
})

describe('parseHeaderValue()', () => {
  it('reads tokens and quoted strings', () => {
    const value = parseHeaderValue('Form-Data ; a=b;C="d e; f" ;')
    expect(value).toEqual({
      value: 'Form-Data',
      parameters: [
        ['a', 'b'],
        ['c', 'd e; f'],
      ],
    })
    expect(value && parametersOf(value, 'c')).toEqual(['d e; f'])
  })

  it.each([
    '',
    '; a=b',
    'a b',
    'a; b',
    'a; b=',
    'a; b="c',
    'a; b="\\""',
    'a; b="c"d',
    'a/b/c',
    'a;b=c,d',
  ])('refuses %j', (text) => {
    expect(parseHeaderValue(text)).toBeUndefined()
  })
})
