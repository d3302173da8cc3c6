// The DER reader: what it reads, and each thing that is BER and not DER.

import { describe, expect, it } from 'vitest'
import {
  TAG,
  atEnd,
  derReader,
  expectEnd,
  nextIs,
  oid,
  readContents,
  readInside,
  readInteger,
  readOctetAlignedBits,
  readOid,
  readUnsigned,
  readVersion,
  readWhole,
  readerWithin,
} from '../../../src/codec/der.ts'
import { InstanceIdentityError } from '../../../src/base/errors.ts'

const of = (...bytes: number[]) => derReader(Uint8Array.from(bytes))
const zeros = (length: number): number[] => Array.from({ length }, () => 0)
const malformed = { code: 'malformed_der' }

describe('readContents()', () => {
  it.each([
    ['short', [0x04, 0x02, 1, 2], 2],
    ['of 127 bytes', [0x04, 0x7f, ...zeros(127)], 127],
    ['of 128 bytes', [0x04, 0x81, 0x80, ...zeros(128)], 128],
    ['of 256 bytes', [0x04, 0x82, 0x01, 0x00, ...zeros(256)], 256],
    ['of 65,536 bytes', [0x04, 0x83, 0x01, 0x00, 0x00, ...zeros(65_536)], 65_536],
    ['empty', [0x04, 0x00], 0],
  ])('reads an element that is %s', (_, bytes, length) => {
    const reader = derReader(Uint8Array.from(bytes))
    expect(readContents(reader, TAG.octetString)).toHaveLength(length)
    expect(atEnd(reader)).toBe(true)
  })

  it('copies nothing: what it gives are views of the bytes', () => {
    const bytes = Uint8Array.of(0x30, 0x03, 0x04, 0x01, 0x07)
    const inside = readInside(derReader(bytes), TAG.sequence)
    expect(readWhole({ ...inside }, TAG.octetString).buffer).toBe(bytes.buffer)
    expect(readContents(inside, TAG.octetString).byteOffset).toBe(4)
  })

  it.each([
    ['nothing', []],
    ['not the expected tag', [0x02, 0x01, 0x00]],
    ['no length', [0x04]],
    ['an indefinite length', [0x04, 0x80, 0x00, 0x00]],
    ['a length of 5 in its long form', [0x04, 0x81, 0x05, ...zeros(5)]],
    ['a length of 128 in three bytes', [0x04, 0x82, 0x00, 0x80, ...zeros(128)]],
    ['a length of four bytes', [0x04, 0x84, 0x00, 0x01, 0x00, 0x00, ...zeros(65_536)]],
    ['a length of 2^32', [0x04, 0x85, 0x01, 0x00, 0x00, 0x00, 0x00]],
    ['a length of 127 bytes', [0x04, 0xff, ...zeros(200)]],
    ['a length that is cut off', [0x04, 0x82, 0x01]],
    ['contents that are cut off', [0x04, 0x02, 0x01]],
    ['a constructed form', [0x24, 0x03, 0x04, 0x01, 0x00]],
    ['a high tag number', [0x1f, 0x04, 0x00]],
  ])('refuses %s', (_, bytes) => {
    const reader = derReader(Uint8Array.from(bytes))
    expect(() => readContents(reader, TAG.octetString)).toThrow(expect.objectContaining(malformed))
  })

  it('does not read beyond the element around it', () => {
    const inside = readInside(of(0x30, 0x02, 0x04, 0x01, 0xaa), TAG.sequence)
    expect(() => readContents(inside, TAG.octetString)).toThrow(expect.objectContaining(malformed))
  })
})

describe('expectEnd()', () => {
  it('refuses bytes that nobody asked for', () => {
    const reader = of(0x05, 0x00, 0x00)
    readContents(reader, TAG.null)
    expect(nextIs(reader, TAG.null)).toBe(false)
    expect(() => expectEnd(reader)).toThrow(expect.objectContaining(malformed))
  })
})

describe('readInteger()', () => {
  it.each([[[0]], [[0x7f]], [[0x80]], [[0, 0x80]], [[0xff, 0x7f]]])('reads %j', (contents) => {
    expect([...readInteger(of(0x02, contents.length, ...contents))]).toEqual(contents)
  })

  it.each([[[]], [[0, 0]], [[0, 0x7f]], [[0xff, 0x80]], [[0xff, 0xff]]])(
    'refuses what is not in its shortest form: %j',
    (contents) => {
      const reader = of(0x02, contents.length, ...contents)
      expect(() => readInteger(reader)).toThrow(expect.objectContaining(malformed))
    },
  )

  it('is not negative where it must not be', () => {
    expect(() => readUnsigned(of(0x02, 0x01, 0x80))).toThrow(expect.objectContaining(malformed))
    expect([...readUnsigned(of(0x02, 0x02, 0x00, 0x80))]).toEqual([0, 0x80])
  })

  it('is a version only from 0 to 127', () => {
    expect(readVersion(of(0x02, 0x01, 0x03))).toBe(3)
    const unsupported = { code: 'unsupported_structure' }
    for (const contents of [[0x80], [0x00, 0x80], [0x01, 0x00]]) {
      const reader = of(0x02, contents.length, ...contents)
      expect(() => readVersion(reader)).toThrow(expect.objectContaining(unsupported))
    }
  })
})

describe('readOid()', () => {
  it.each([
    ['1.2.840.113549.1.7.2', '2a864886f70d010702'],
    ['2.16.840.1.101.3.4.2.1', '608648016503040201'],
    ['1.3.14.3.2.26', '2b0e03021a'],
    // A UUID below 2.25: an arc of 128 bits.
    ['2.25.327379698880058154304740821110175564903', '6983eccb84d6b888c282b3b0d8d48cb1b9808867'],
  ])('gives for %s what oid() gives', (dotted, hex) => {
    const bytes = Buffer.from(hex, 'hex')
    expect(readOid(of(0x06, bytes.length, ...bytes))).toBe(hex)
    expect(oid(dotted)).toBe(hex)
  })

  it.each([[[]], [[0x80, 0x01]], [[0x2a, 0x80, 0x01]], [[0x2a, 0x86]]])(
    'refuses %j',
    (contents) => {
      const reader = of(0x06, contents.length, ...contents)
      expect(() => readOid(reader)).toThrow(expect.objectContaining(malformed))
    },
  )
})

describe('readOctetAlignedBits()', () => {
  it('reads whole bytes and refuses anything else', () => {
    expect([...readOctetAlignedBits(of(0x03, 0x03, 0x00, 0xaa, 0xbb))]).toEqual([0xaa, 0xbb])
    for (const contents of [[], [0x01, 0xaa], [0x08]]) {
      const reader = of(0x03, contents.length, ...contents)
      expect(() => readOctetAlignedBits(reader)).toThrow(expect.objectContaining(malformed))
    }
  })
})

describe('the offset of a refusal', () => {
  /** What a call throws. */
  const offsetOf = (read: () => unknown): number | undefined => {
    try {
      read()
    } catch (error) {
      if (error instanceof InstanceIdentityError) return error.offset
    }
    throw new Error('expected an InstanceIdentityError')
  }

  /** The second element of a SEQUENCE, whose first one is a NULL: its tag is at 4. */
  const second = (...bytes: number[]) => {
    const inside = readInside(of(0x30, 2 + bytes.length, 0x05, 0x00, ...bytes), TAG.sequence)
    readContents(inside, TAG.null)
    return inside
  }

  it.each([
    ['not the expected tag', () => readContents(second(0x04, 0x00), TAG.integer), 4],
    ['an indefinite length', () => readContents(second(0x04, 0x80), TAG.octetString), 5],
    ['a length beyond the end', () => readContents(second(0x04, 0x09), TAG.octetString), 5],
    ['a length that is cut off', () => readContents(second(0x04, 0x82, 1), TAG.octetString), 5],
    ['a length of four bytes', () => readContents(second(0x04, 0x84), TAG.octetString), 5],
    ['a long form', () => readContents(second(0x04, 0x81, 1, 0), TAG.octetString), 5],
    ['a missing length', () => readContents(second(0x04), TAG.octetString), 4],
    ['left-over bytes', () => expectEnd(second(0x04, 0x00)), 4],
    ['an INTEGER without contents', () => readInteger(second(0x02, 0x00)), 4],
    ['an INTEGER in a long form', () => readInteger(second(0x02, 2, 0, 1)), 4],
    ['a negative INTEGER', () => readUnsigned(second(0x02, 1, 0x80)), 4],
    ['a version out of range', () => readVersion(second(0x02, 2, 1, 0)), 4],
    ['a broken identifier', () => readOid(second(0x06, 1, 0x80)), 4],
    ['bits that are no bytes', () => readOctetAlignedBits(second(0x03, 2, 1, 0)), 4],
  ])('is the offset of %s', (_, read, offset) => {
    expect(offsetOf(read)).toBe(offset)
  })

  it('is the offset of the last byte if an element is missing at the end', () => {
    expect(offsetOf(() => readContents(second(), TAG.octetString))).toBe(3)
    expect(offsetOf(() => readContents(of(), TAG.octetString))).toBe(0)
  })

  it('counts in the whole input that a part was taken of', () => {
    const whole = Uint8Array.of(0, 0, 0x30, 0x02, 0x05, 0x01)
    const reader = readerWithin(whole, whole.subarray(2))
    expect(reader).toEqual({ bytes: whole, offset: 2, end: 6 })
    expect(offsetOf(() => readContents(readInside(reader, TAG.sequence), TAG.null))).toBe(5)
  })
})
