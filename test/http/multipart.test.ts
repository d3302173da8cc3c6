// Multipart forms as clients write them, and those that two readers would read differently.

import { describe, expect, it } from 'vitest'
import { boundaryOf, readMultipart } from '../../src/http/multipart.ts'
import { readFields } from '../../src/http/fields.ts'

const BOUNDARY = '----7d'
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`
const NAMED = 'Content-Disposition: form-data; name="role"'

const formOf = (...parts: readonly (readonly [headers: string, value: string])[]): string =>
  [
    ...parts.map(([headers, value]) => `--${BOUNDARY}\r\n${headers}\r\n\r\n${value}\r\n`),
    `--${BOUNDARY}--\r\n`,
  ].join('')

const read = (text: string): unknown => readMultipart(text, BOUNDARY)

describe('readMultipart() reads', () => {
  it.each([
    ['a field', NAMED],
    ['a name that is not quoted, as .NET writes it', 'Content-Disposition: form-data; name=role'],
    ['a file', `${NAMED}; filename="role.txt"\r\nContent-Type: application/octet-stream`],
    ['a file named before', 'Content-Disposition: form-data; filename="a"; name="role"'],
    ['a header in lower case', 'content-disposition: form-data; name="role"'],
    ['an encoding that is none', `${NAMED}\r\nContent-Transfer-Encoding: 8bit`],
  ])('%s', (_name, headers) => {
    expect(read(formOf([headers, 'worker']))).toEqual([['role', 'worker']])
  })

  it.each(['', 'a\r\nb\r\n', '\r\n\r\n', '\uFEFF{}', `--${BOUNDARY.slice(0, -1)}`, '\r\n--'])(
    'the value %j exactly',
    (value) => expect(read(formOf([NAMED, value]))).toEqual([['role', value]]),
  )

  it('no fields at all', () => expect(read(formOf())).toEqual([]))
  it('a form without a line end last', () =>
    expect(read(formOf([NAMED, 'worker']).trimEnd())).toEqual([['role', 'worker']]))
  it('equal names one by one, for the caller to refuse', () =>
    expect(read(formOf([NAMED, 'a'], [NAMED, 'b']))).toEqual([
      ['role', 'a'],
      ['role', 'b'],
    ]))
})

describe('readMultipart() refuses', () => {
  const good = formOf([NAMED, 'worker'])
  it.each([
    ['an empty text', ''],
    ['a text before the first boundary', `x\r\n${good}`],
    ['a text behind the last boundary', `${good}x`],
    ['a form that breaks off', good.slice(0, -6)],
    ['characters behind a boundary', good.replace(`${BOUNDARY}\r\n`, `${BOUNDARY} \r\n`)],
    ['LF alone', good.replaceAll('\r\n', '\n')],
    ['a part without a name', formOf(['Content-Disposition: form-data', 'worker'])],
    ['a part with two names', formOf([`${NAMED}; name="document"`, 'worker'])],
    ['two dispositions', formOf([`${NAMED}\r\n${NAMED}`, 'worker'])],
    ['a part without headers', formOf(['', 'worker'])],
    ['a value in base64', formOf([`${NAMED}\r\nContent-Transfer-Encoding: base64`, 'eA=='])],
    ['a header that is folded', formOf([`${NAMED};\r\n filename="a"`, 'worker'])],
    ['a header that nobody knows', formOf([`${NAMED}\r\nX-Name: document`, 'worker'])],
    ['another disposition', formOf(['Content-Disposition: attachment; name="role"', 'worker'])],
    ['a name only in its extended form', formOf(["Content-Disposition: form-data; name*=''r", ''])],
  ])('%s', (_name, text) => {
    expect(read(good)).toEqual([['role', 'worker']])
    expect(read(text)).toBeUndefined()
  })
})

describe('boundaryOf()', () => {
  it.each([
    [['boundary=x'], 'x'],
    [['charset=utf-8', 'Boundary="a b"'], 'a b'],
    [[], undefined],
    [['boundary='], undefined],
    [['boundary=x', 'boundary=y'], undefined],
    [[`boundary=${'x'.repeat(71)}`], undefined],
  ])('of %j is %j', (parameters, boundary) => expect(boundaryOf(parameters)).toBe(boundary))
})

describe('readFields() of a multipart form', () => {
  const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

  it('refuses a value that is not UTF-8', () => {
    expect(readFields(bytesOf(formOf([NAMED, 'worker'])), TYPE)).toEqual(
      new Map([['role', 'worker']]),
    )
    expect(() => readFields(bytesOf(formOf([NAMED, 'w\xff'])), TYPE)).toThrow('UTF-8')
  })

  it('refuses one without a boundary', () =>
    expect(() => readFields(bytesOf(formOf()), 'multipart/form-data')).toThrow('multipart'))
})
