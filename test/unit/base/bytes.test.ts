// Bytes and their text forms: one text for one value.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  concatBytes,
  equalBytes,
  fromBase64,
  fromBase64Url,
  fromUtf8,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
} from '../../../src/base/bytes.ts'

const bytes = fc.uint8Array({ maxLength: 64 })

describe('base64', () => {
  it('equals the one of Buffer, both ways', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const buffer = Buffer.from(value)
        expect(toBase64(value)).toBe(buffer.toString('base64'))
        expect(toBase64Url(value)).toBe(buffer.toString('base64url'))
        expect(toHex(value)).toBe(buffer.toString('hex'))
        expect(fromBase64(toBase64(value))).toEqual(value)
        expect(fromBase64Url(toBase64Url(value))).toEqual(value)
      }),
    )
  })

  it('has one text for one value: whatever decodes encodes to the same text', () => {
    const text = fc.string({ unit: fc.constantFrom(...'AQgw/+-_= \n'), maxLength: 12 })
    let decoded = 0
    fc.assert(
      fc.property(text, (candidate) => {
        const standard = fromBase64(candidate)
        if (standard !== undefined) expect(toBase64(standard)).toBe(candidate)
        const url = fromBase64Url(candidate)
        if (url !== undefined) expect(toBase64Url(url)).toBe(candidate)
        if (standard !== undefined || url !== undefined) decoded++
      }),
      { seed: 1, numRuns: 20_000 },
    )
    expect(decoded).toBeGreaterThan(100)
  })

  it.each([
    'A',
    'AA',
    'AAA',
    'AB==',
    'AAB=',
    'AA=',
    'A===',
    '====',
    'AA==AA==',
    'AAAA\n',
    ' AAAA',
    'AA-_',
    'é',
  ])('refuses %j', (text) => {
    expect(fromBase64(text)).toBeUndefined()
  })

  it.each(['A', 'AB', 'AAB', 'AA==', 'AA+/', 'AAAA\n', 'é'])('for URLs refuses %j', (text) => {
    expect(fromBase64Url(text)).toBeUndefined()
  })
})

describe('fromUtf8()', () => {
  it('keeps a byte order mark, and gives nothing for what is not UTF-8', () => {
    expect(fromUtf8(utf8('\ufeffa'))).toBe('\ufeffa')
    for (const invalid of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      expect(fromUtf8(Uint8Array.from(invalid))).toBeUndefined()
    }
  })
})

describe('equalBytes()', () => {
  it('is true for equal bytes only', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(equalBytes(a, Uint8Array.from(a))).toBe(true)
        expect(equalBytes(a, b)).toBe(Buffer.from(a).equals(Buffer.from(b)))
      }),
    )
  })
})

describe('concatBytes()', () => {
  it('joins what it is given', () => {
    fc.assert(
      fc.property(fc.array(bytes), (parts) => {
        expect(Buffer.from(concatBytes(...parts))).toEqual(Buffer.concat(parts))
      }),
    )
  })
})
