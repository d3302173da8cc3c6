// The numbers inside keys, at their limits. That the platform alone takes some of what is refused here is
// shown beside loadPublicKey().

import { describe, expect, it } from 'vitest'
import type { Bytes } from '../../../src/base/bytes.ts'
import { accept, refuse } from '../../../src/base/result.ts'
import { checkEd25519, checkP256, checkRsa } from '../../../src/token/key-values.ts'

const hex = (text: string): Bytes => Uint8Array.from(Buffer.from(text, 'hex'))
const bytes = (length: number, first = 1, last = 1): Bytes => {
  const all = new Uint8Array(length).fill(0xaa)
  all[length - 1] = last
  all[0] = first
  return all
}

describe('checkP256()', () => {
  const PRIME = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff'
  const BELOW = PRIME.replace(/f$/, 'e')
  const ABOVE = 'ff'.repeat(32)
  const good = hex('01'.repeat(32))

  it.each([
    ['any x and y', { x: good, y: good }],
    ['numbers that begin with zeros', { x: hex('00'.repeat(31) + '01'), y: good }],
    ['the largest x and y', { x: hex(BELOW), y: hex(BELOW) }],
    ['a private number above the prime', { x: good, y: good, d: hex(ABOVE) }],
  ])('takes %s', (_, values) => {
    expect(checkP256(values)).toEqual(accept(values))
  })

  it.each([
    ['the prime as x', { x: hex(PRIME), y: good }, '"x" is not below the prime of the curve'],
    ['the prime as y', { x: good, y: hex(PRIME) }, '"y" is not below the prime of the curve'],
    ['all ones', { x: hex(ABOVE), y: good }, '"x" is not below the prime of the curve'],
    ['31 bytes', { x: bytes(31), y: good }, '"x" has 31 bytes; a key of P-256 has 32'],
    ['33 bytes', { x: good, y: bytes(33) }, '"y" has 33 bytes; a key of P-256 has 32'],
    ['no bytes', { x: good, y: good, d: hex('') }, '"d" has 0 bytes; a key of P-256 has 32'],
    [
      'a zero byte before a good number',
      { x: hex('00' + '01'.repeat(32)), y: good },
      '"x" has 33 bytes; a key of P-256 has 32',
    ],
  ])('refuses %s', (_, values, message) => {
    expect(checkP256(values)).toEqual(refuse(message))
  })
})

describe('checkEd25519()', () => {
  const ZEROS = '00'.repeat(31)
  const SMALL = 'a point of small order: anybody can make signatures for it'
  const ODD = 'the point is not encoded canonically (RFC 8032 section 5.1.3)'
  /** The same y, with the bit for the sign of x set. */
  const negative = (point: string): string =>
    point.slice(0, 62) + (Number.parseInt(point.slice(62), 16) | 0x80).toString(16)

  it.each([
    ['y = 2', `02${ZEROS}`],
    ['y = p - 2', `eb${'ff'.repeat(30)}7f`],
    ['any y', '9d'.repeat(32)],
  ])('takes %s, with either sign of x', (_, point) => {
    for (const x of [hex(point), hex(negative(point))]) {
      expect(checkEd25519({ x })).toEqual(accept({ x }))
    }
  })

  it.each([
    ['y = 0', `00${ZEROS}`, SMALL],
    ['y = 1, the neutral element', `01${ZEROS}`, SMALL],
    ['y = -1', `ec${'ff'.repeat(30)}7f`, SMALL],
    [
      'the first y of order 8',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      SMALL,
    ],
    [
      'the second y of order 8',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      SMALL,
    ],
    ['y = p, another text of 0', `ed${'ff'.repeat(30)}7f`, ODD],
    ['y = p + 1, another text of 1', `ee${'ff'.repeat(30)}7f`, ODD],
    ['y = 2^255 - 1', `ff${'ff'.repeat(30)}7f`, ODD],
  ])('refuses %s, with either sign of x', (_, point, message) => {
    for (const x of [hex(point), hex(negative(point))]) {
      expect(checkEd25519({ x })).toEqual(refuse(message))
    }
  })

  it.each([0, 31, 33])('refuses a point of %i bytes', (length) => {
    const message = `"x" has ${length} bytes; a key of Ed25519 has 32`
    expect(checkEd25519({ x: new Uint8Array(length).fill(9) })).toEqual(refuse(message))
  })
})

describe('checkRsa()', () => {
  const e = hex('010001')

  it.each([
    ['2048 bits', bytes(256, 0x80)],
    ['2049 bits', bytes(257, 0x01)],
    ['4096 bits', bytes(512, 0xff)],
  ])('takes a modulus of %s', (_, n) => {
    expect(checkRsa({ n, e })).toEqual(accept({ n, e }))
  })

  const weak = (bits: number): string =>
    `weak: the modulus has ${bits} bits; at least 2048 are needed`
  const padded = (name: string): string =>
    `"${name}" is empty or begins with a zero byte; leave that byte out`

  it.each([
    ['2047 bits', { n: bytes(256, 0x7f), e }, weak(2047)],
    ['2041 bits', { n: bytes(256, 0x01), e }, weak(2041)],
    ['1024 bits', { n: bytes(128, 0x80), e }, weak(1024)],
    ['one bit', { n: hex('01'), e }, weak(1)],
    ['no bytes', { n: hex(''), e }, padded('n')],
    ['2048 bits behind a zero byte', { n: bytes(257, 0), e }, padded('n')],
  ])('refuses a modulus of %s', (_, values, message) => {
    expect(checkRsa(values)).toEqual(refuse(message))
  })

  it.each([
    ['an even modulus', { n: bytes(256, 0x80, 0xfe), e }],
    ['an even modulus that is weak, too', { n: bytes(128, 0x80, 0), e }],
  ])('refuses %s', (_, values) => {
    expect(checkRsa(values)).toEqual(refuse('the modulus is even, so it has the factor 2'))
  })

  it.each(['e', 'd', 'p', 'q', 'dp', 'dq', 'qi'])('refuses a zero byte before %s', (name) => {
    const values = { n: bytes(256, 0x80), [name]: hex('0003') }
    expect(checkRsa(values)).toEqual(refuse(padded(name)))
  })
})
