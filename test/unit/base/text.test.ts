// Text in other encodings than UTF-8 without a byte order mark: each is refused, with what to do.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { accept, refuse } from '../../../src/base/result.ts'
import {
  BYTE_ORDER_MARK,
  NOT_UTF8,
  checkText,
  decodeText,
  markProblem,
} from '../../../src/base/text.ts'

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')

describe('the two problems', () => {
  it('say what is wrong and what to do', () => {
    expect(BYTE_ORDER_MARK).toMatch(/byte order mark.*; save it as UTF-8 without BOM$/)
    expect(NOT_UTF8).toMatch(/^is not UTF-8; save it as UTF-8$/)
  })
})

describe('markProblem()', () => {
  it.each([
    ['of UTF-8', [0xef, 0xbb, 0xbf], BYTE_ORDER_MARK],
    ['of UTF-8 before text', [0xef, 0xbb, 0xbf, 0x7b], BYTE_ORDER_MARK],
    ['of UTF-16, little endian', [0xff, 0xfe], NOT_UTF8],
    ['of UTF-16, big endian', [0xfe, 0xff, 0x00, 0x7b], NOT_UTF8],
  ])('finds the mark %s', (_, bytes, problem) => {
    expect(markProblem(Uint8Array.from(bytes))).toBe(problem)
  })

  it.each([
    ['no bytes', []],
    ['a part of the mark of UTF-8', [0xef, 0xbb]],
    ['half of the mark of UTF-16', [0xff]],
    ['the mark behind the first byte', [0x7b, 0xef, 0xbb, 0xbf]],
    ['DER', [0x30, 0x82, 0x01, 0x00]],
  ])('finds none in %s', (_, bytes) => {
    expect(markProblem(Uint8Array.from(bytes))).toBeUndefined()
  })
})

describe('checkText()', () => {
  it.each([
    ['a byte order mark', '\uFEFF{}', BYTE_ORDER_MARK],
    ['nothing but a byte order mark', '\uFEFF', BYTE_ORDER_MARK],
    ['a NUL, as UTF-16 leaves it', '{\0}\0', NOT_UTF8],
    ['a replacement character', 'caf\uFFFD', NOT_UTF8],
  ])('names %s', (_, text, problem) => {
    expect(checkText(text)).toEqual(refuse(problem))
  })

  it.each([
    ['the empty text', ''],
    ['text of any script', 'é 漢 🙂'],
    ['a zero-width no-break space inside', 'a\uFEFFb'],
  ])('takes %s', (_, text) => {
    expect(checkText(text)).toEqual(accept(text))
  })
})

/** Any text. (`fc.string()` takes seconds to set up for all of Unicode.) */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 20 })
  .map((points) => String.fromCodePoint(...points.map((p) => (p >> 11 === 0x1b ? 0xfeff : p))))

describe('decodeText()', () => {
  it.each([
    ['UTF-8 with a byte order mark', utf8('\uFEFF{}'), BYTE_ORDER_MARK],
    ['UTF-16 with a byte order mark', Buffer.from([0xff, 0xfe, 0x7b, 0x00]), NOT_UTF8],
    ['UTF-16 without one', utf16('{"a":1}'), NOT_UTF8],
    ['Latin-1', Buffer.from('caf\u00e9', 'latin1'), NOT_UTF8],
    ['UTF-8 that is cut off', Uint8Array.of(0xe2, 0x82), NOT_UTF8],
    ['a surrogate', Uint8Array.of(0xed, 0xa0, 0x80), NOT_UTF8],
  ])('refuses %s', (_, bytes, problem) => {
    expect(decodeText(bytes)).toEqual(refuse(problem))
  })

  it('gives back every other text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(decodeText(utf8(text))).toEqual(checkText(text))
      }),
    )
  })
})
