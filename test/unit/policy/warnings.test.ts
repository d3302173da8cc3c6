// Warnings about a policy: roles with different rules that one instance can match, and tokens that can't be
// renewed.

import { describe, expect, it } from 'vitest'
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
