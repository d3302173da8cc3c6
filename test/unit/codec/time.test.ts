// Times of certificates: every second of the calendar in either form, and what only looks like one.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TAG, derReader } from '../../../src/codec/der.ts'
import { readTime } from '../../../src/codec/time.ts'
import { encodeDer, primitive } from '../../support/der-tree.ts'
import { refusedAs } from '../../support/refusals.ts'

const read = (tag: number, text: string): number =>
  readTime(derReader(encodeDer(primitive(tag, Buffer.from(text, 'latin1')))))
const utc = (text: string): number => read(TAG.utcTime, text)
const generalized = (text: string): number => read(TAG.generalizedTime, text)
const seconds = (iso: string): number => Date.parse(iso) / 1000

describe('readTime() of a UTCTime', () => {
  it.each([
    ['500101000000Z', '1950-01-01T00:00:00Z'],
    ['691231235959Z', '1969-12-31T23:59:59Z'],
    ['700101000000Z', '1970-01-01T00:00:00Z'],
    ['991231235959Z', '1999-12-31T23:59:59Z'],
    ['000229120000Z', '2000-02-29T12:00:00Z'],
    ['240229000000Z', '2024-02-29T00:00:00Z'],
    ['491231235959Z', '2049-12-31T23:59:59Z'],
  ])('reads %s as %s', (text, iso) => {
    expect(utc(text)).toBe(seconds(iso))
  })

  it('reads each second of 1950 to 2049', () => {
    const range = { min: seconds('1950-01-01T00:00:00Z'), max: seconds('2049-12-31T23:59:59Z') }
    fc.assert(
      fc.property(fc.integer(range), (time) => {
        const digits = new Date(time * 1000).toISOString().replaceAll(/[-T:]|\.000/g, '')
        expect(utc(digits.slice(2))).toBe(time)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('readTime() of a GeneralizedTime', () => {
  it.each([
    ['19700101000000Z', '1970-01-01T00:00:00Z'],
    ['20000229235959Z', '2000-02-29T23:59:59Z'],
    ['20500101000000Z', '2050-01-01T00:00:00Z'],
    ['21000228000000Z', '2100-02-28T00:00:00Z'],
    ['99991231235959Z', '9999-12-31T23:59:59Z'],
    ['00000101000000Z', '0000-01-01T00:00:00Z'],
  ])('reads %s as %s', (text, iso) => {
    expect(generalized(text)).toBe(seconds(iso))
  })

  it('reads each second of the years 0 to 9999', () => {
    const range = { min: seconds('0000-01-01T00:00:00Z'), max: seconds('9999-12-31T23:59:59Z') }
    fc.assert(
      fc.property(fc.integer(range), (time) => {
        const digits = new Date(time * 1000).toISOString().replaceAll(/[-T:]|\.000/g, '')
        expect(generalized(digits)).toBe(time)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('readTime() refuses', () => {
  const refusal = refusedAs('malformed_der', 'not a valid time')

  it.each([
    ['month 0', '20230001000000Z'],
    ['month 13', '20231301000000Z'],
    ['day 0', '20230100000000Z'],
    ['day 32 of January', '20230132000000Z'],
    ['day 31 of April', '20230431000000Z'],
    ['29 February of a common year', '20230229000000Z'],
    ['29 February of 1900, no leap year', '19000229000000Z'],
    ['30 February of a leap year', '20240230000000Z'],
    ['hour 24', '20230101240000Z'],
    ['minute 60', '20230101006000Z'],
    ['second 60, a leap second', '20161231235960Z'],
    ['no seconds', '202301010000Z'],
    ['no Z', '20230101000000'],
    ['a lower-case z', '20230101000000z'],
    ['an offset', '20230101000000+0000'],
    ['a fraction', '20230101000000.0Z'],
    ['a fraction behind a comma', '20230101000000,5Z'],
    ['a space for a digit', '2023 101000000Z'],
    ['a sign for a digit', '+0230101000000Z'],
    ['a line end', '20230101000000Z\n'],
    ['two digits of a year', '230101000000Z'],
    ['contents that go on behind the Z', `20230101000000Z${'0'.repeat(100)}`],
    ['nothing', ''],
  ])('a GeneralizedTime with %s', (_, text) => {
    expect(() => generalized(text)).toThrow(refusal)
  })

  it.each([
    ['four digits of a year', '20230101000000Z'],
    ['no seconds', '2301010000Z'],
    ['an offset', '230101000000+0000'],
    ['29 February of a common year', '230229000000Z'],
    ['29 February of 1950 + 51', '010229000000Z'],
    ['letters for digits', '23o1o1000000Z'],
    ['nothing', ''],
  ])('a UTCTime with %s', (_, text) => {
    expect(() => utc(text)).toThrow(refusal)
  })

  it.each([
    ['no element', new Uint8Array()],
    ['an element of another type', encodeDer(primitive(0x16, Buffer.from('230101000000Z')))],
    ['a time that is cut off', Uint8Array.of(TAG.utcTime, 0x0d, 0x32)],
  ])('%s', (_, bytes) => {
    expect(() => readTime(derReader(bytes))).toThrow(refusedAs('malformed_der'))
  })
})
