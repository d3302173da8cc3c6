// Warnings about a policy: roles with different rules that one instance can match, and tokens that can't be
// renewed.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  blocksOverlap,
  matchesAddressBlock,
  matchesText,
  textsOverlap,
} from '../../../src/policy/pattern.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { policyWarnings } from '../../../src/policy/warnings.ts'

const ACCOUNT = '1234567890123456'

const policyOf = (roles: Readonly<Record<string, readonly [rule: string, match?: object]>>) =>
  parsePolicy({
    roles: Object.fromEntries(
      Object.entries(roles).map(([name, [reenrollment, match = {}]]) => [
        name,
        {
          match: { owner_account_id: [ACCOUNT], ...match },
          token: { audience: ['https://cluster.test'] },
          reenrollment,
        },
      ]),
    ),
  })

describe('textsOverlap()', () => {
  it.each([
    ['a*', '*b', true],
    ['a*', 'b*', false],
    ['*', '', true],
    ['**', 'abc', true],
    ['a*c', 'ab*', true],
    ['a*c', 'ab', false],
    ['cn-*', 'cn-hangzhou', true],
    ['*-a', '*-b', false],
    ['', '', true],
    ['a', '', false],
  ])('says of %j and %j: %s', (a, b, expected) => {
    expect(textsOverlap(a, b)).toBe(expected)
    expect(textsOverlap(b, a)).toBe(expected)
  })

  it('agrees with trying all short texts', () => {
    const texts = ['', 'a', 'b'].flatMap((x) => ['', 'a', 'b'].flatMap((y) => [x + y]))
    const all = texts.flatMap((x) => texts.flatMap((y) => texts.map((z) => x + y + z)))
    const pattern = fc.stringMatching(/^[ab*]{0,3}$/)
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const common = all.some((text) => matchesText(a, text) && matchesText(b, text))
        expect(textsOverlap(a, b)).toBe(common)
      }),
      { numRuns: 500 },
    )
  })
})

describe('blocksOverlap()', () => {
  it.each([
    ['10.0.0.0/8', '10.1.0.0/16', true],
    ['10.0.0.0/8', '11.0.0.0/8', false],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2/31', false],
    ['0.0.0.0/0', '255.255.255.255', true],
  ])('says of %s and %s: %s', (a, b, expected) => {
    expect([blocksOverlap(a, b), blocksOverlap(b, a)]).toEqual([expected, expected])
    if (!a.includes('/')) expect(matchesAddressBlock(b, a)).toBe(expected)
  })
})

describe('policyWarnings()', () => {
  const mixed = (policy: ReturnType<typeof policyOf>): readonly string[] =>
    policyWarnings(policy).filter((line) => line.startsWith('roles '))

  it('names two roles with different rules that one instance can match', () => {
    const policy = policyOf({
      node: ['same_key', { region_id: ['cn-*'] }],
      deploy: ['new_image', { region_id: ['*-hangzhou'] }],
    })
    expect(mixed(policy)).toEqual([
      expect.stringMatching(/^roles node \(same_key\) and deploy \(new_image\): one instance can/),
    ])
  })

  it.each([
    ['the same rule', { a: ['always'], b: ['always'] }],
    [
      'fields that exclude each other',
      { a: ['always', { zone_id: ['a'] }], b: ['same_key', { zone_id: ['b'] }] },
    ],
    [
      'blocks that exclude each other',
      {
        a: ['always', { private_ipv4: ['10.0.0.0/9'] }],
        b: ['same_key', { private_ipv4: ['10.128.0.0/9'] }],
      },
    ],
    [
      'other accounts',
      { a: ['always'], b: ['same_key', { owner_account_id: ['6543210987654321'] }] },
    ],
  ] as const)('says nothing of two roles with %s', (_what, roles) => {
    expect(mixed(policyOf(roles))).toEqual([])
  })

  it('says that never with a short life means one token', () => {
    expect(policyWarnings(policyOf({ once: ['never'] }))).toEqual([
      'role once (never): one token of 300 s, and no renewal until an operator resets the instance',
    ])
  })
})
