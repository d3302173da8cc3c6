// Patterns of a role: what each matches, and what two of them have in common.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refuse } from '../../../src/base/result.ts'
import {
  blocksOverlap,
  matchesAddressBlock,
  matchesField,
  matchesText,
  readAddressBlock,
  textsOverlap,
} from '../../../src/policy/pattern.ts'

const SHAPE = 'expected an IPv4 address or a CIDR block such as "10.0.0.0/8"'

describe('readAddressBlock()', () => {
  it.each(['0.0.0.0', '255.255.255.255', '10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '1.2.3.4/32'])(
    'reads %s',
    (text) => {
      expect(readAddressBlock(text)).toHaveProperty('value.size')
    },
  )

  it.each([
    '',
    '10.0.0',
    '10.0.0.0.0',
    '10.0.0.256',
    '10.0.0.1000',
    '010.0.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/255.0.0.0',
    '10.0.0.*',
    '10.0.0.0/8 ',
    ' 10.0.0.0/8',
    '10.0.0.0/8\n',
    '::1',
    'example.test',
  ])('refuses %j', (text) => {
    expect(readAddressBlock(text)).toEqual(refuse(SHAPE))
  })

  it.each([
    ['10.0.0.5/24', '10.0.0.0/24'],
    ['10.0.0.255/0', '0.0.0.0/0'],
    ['255.255.255.255/31', '255.255.255.254/31'],
    ['192.168.1.128/24', '192.168.1.0/24'],
    ['129.0.0.0/1', '128.0.0.0/1'],
  ])('says of %s which block it is in: %s', (text, network) => {
    const problem = `not a network address: ${text} is inside ${network}; write that`
    expect(readAddressBlock(text)).toEqual(refuse(problem))
    expect(readAddressBlock(network)).toHaveProperty('ok', true)
  })
})

describe('matchesText()', () => {
  it.each([
    ['', '', true],
    ['', 'a', false],
    ['a', 'a', true],
    ['a', 'A', false],
    ['a', 'ab', false],
    ['a', 'ba', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['**', '', true],
    ['a*', 'a', true],
    ['a*', 'abc', true],
    ['a*', 'ba', false],
    ['*c', 'abc', true],
    ['*c', 'abcd', false],
    ['a*c', 'ac', true],
    ['a*c', 'abc', true],
    ['a*a', 'a', false],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['a*b*c', 'axxbxxc', true],
    ['a*b*c', 'acb', false],
    ['*a*a*', 'a', false],
    ['*a*a*', 'aa', true],
    ['a.c', 'abc', false],
  ])('says of %j and %j: %j', (pattern, value, expected) => {
    expect(matchesText(pattern, value)).toBe(expected)
  })

  it('takes linear time for patterns that make regular expressions explode', () => {
    const pattern = `${'*a'.repeat(2000)}*b`
    expect(matchesText(pattern, 'a'.repeat(20_000))).toBe(false)
    expect(matchesText(pattern, `${'a'.repeat(20_000)}b`)).toBe(true)
  })
})

describe('matchesAddressBlock()', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0', true],
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '9.255.255.255', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['192.168.1.1', '192.168.1.1', true],
    ['192.168.1.1', '192.168.1.2', false],
    ['128.0.0.0/1', '127.255.255.255', false],
    ['128.0.0.0/1', '255.0.0.1', true],
    ['10.0.0.4/30', '10.0.0.7', true],
    ['10.0.0.4/30', '10.0.0.8', false],
    ['nonsense', '10.0.0.1', false],
  ])('has %s for %s: %s', (block, address, expected) => {
    expect(matchesAddressBlock(block, address)).toBe(expected)
  })
})

describe('matchesAddressBlock() with a malformed address or block', () => {
  it.each([
    ['10.0.0.0/8', 'nonsense'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.0.0.0/8', '10.0.0.01'],
    ['10.0.0.0/8', ''],
    ['', ''],
  ])('has %j for %j: false', (block, address) => {
    expect(matchesAddressBlock(block, address)).toBe(false)
  })
})

describe('blocksOverlap()', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '10.1.0.0/16', true],
    ['10.0.0.0/8', '11.0.0.0/8', false],
    ['10.0.0.1', '10.0.0.2/31', false],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/9', '10.128.0.0/9', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['10.0.0.1', '10.0.0.1/32', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0.0/8', 'nonsense', false],
  ])('says of %s and %s, in either order: %j', (a, b, expected) => {
    expect([blocksOverlap(a, b), blocksOverlap(b, a)]).toEqual([expected, expected])
  })

  it('is true exactly where an address is in both', () => {
    // Blocks of 16 addresses, of which all are tried.
    const block = fc
      .tuple(fc.integer({ min: 28, max: 32 }), fc.nat({ max: 15 }))
      .map(([prefix, at]) => `10.0.0.${at - (at % 2 ** (32 - prefix))}/${prefix}`)
    const addresses = Array.from({ length: 16 }, (_, at) => `10.0.0.${at}`)
    fc.assert(
      fc.property(block, block, (a, b) => {
        const shared = addresses.some(
          (it) => matchesAddressBlock(a, it) && matchesAddressBlock(b, it),
        )
        expect(blocksOverlap(a, b)).toBe(shared)
      }),
    )
  })
})

describe('textsOverlap()', () => {
  it.each([
    ['', '', true],
    ['', '*', true],
    ['', 'a', false],
    ['a', 'a', true],
    ['a', 'b', false],
    ['a*', '*b', true],
    ['a*', 'b*', false],
    ['*a', '*b', false],
    ['a*c', 'ab*', true],
    ['a*c', 'ab', false],
    ['**', 'abc', true],
    ['cn-*', 'cn-hangzhou', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*', '*ba*', true],
    ['cn-*-h', 'cn-hangzhou-*', true],
    ['cn-*-h', 'cn-hangzhou', false],
  ])('says of %j and %j, in either order: %j', (a, b, expected) => {
    expect([textsOverlap(a, b), textsOverlap(b, a)]).toEqual([expected, expected])
  })

  /** Every text of at most six letters, of two. */
  const texts = Array.from({ length: 7 }, (_, length) => length).flatMap((length) =>
    Array.from({ length: 2 ** length }, (_, bits) =>
      Array.from({ length }, (__, at) => ((bits >> at) & 1 ? 'a' : 'b')).join(''),
    ),
  )

  it('is true exactly where a text matches both', () => {
    // Two patterns of at most three letters that have a text in common have one of at most six.
    const pattern = fc.stringMatching(/^[ab*]{0,3}$/)
    let overlapping = 0
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const shared = texts.some((text) => matchesText(a, text) && matchesText(b, text))
        expect(textsOverlap(a, b)).toBe(shared)
        if (shared) overlapping++
      }),
      { seed: 1, numRuns: 1000 },
    )
    expect(overlapping).toBeGreaterThan(100)
  })
})

describe('matchesField()', () => {
  it.each([
    ['owner_account_id', ['1', '12'], '12', true],
    ['owner_account_id', ['1*'], '12', false],
    ['region_id', ['cn-*', 'ap-*'], 'ap-southeast-1', true],
    ['region_id', ['cn-*'], 'ap-southeast-1', false],
    ['private_ipv4', ['10.0.0.0/8'], '10.1.2.3', true],
    ['private_ipv4', ['10.*'], '10.1.2.3', false],
    ['region_id', [], 'cn-hangzhou', false],
  ] as const)('of %s compares %j and %s: %s', (field, patterns, value, matches) => {
    expect(matchesField(field, patterns, value)).toBe(matches)
  })
})
