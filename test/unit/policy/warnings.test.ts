// Warnings about a policy: roles with different rules that one instance can match.

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
          token: { audience: [`https://${reenrollment === 'same_key' ? 'mesh' : 'cluster'}.test`] },
          reenrollment,
        },
      ]),
    ),
  })

describe('policyWarnings()', () => {
  it('names two roles with different rules that one instance can match', () => {
    const policy = policyOf({
      node: ['same_key', { region_id: ['cn-*'] }],
      deploy: ['new_image', { region_id: ['*-hangzhou'] }],
    })
    expect(policyWarnings(policy)).toEqual([
      expect.stringMatching(/^roles node \(same_key\) and deploy \(new_image\): one instance can/),
    ])
  })

  it('says that an enrollment in another role uses up never', () => {
    expect(policyWarnings(policyOf({ worker: ['same_key'], once: ['never'] }))).toEqual([
      expect.stringMatching(/; an enrollment in the other role uses up once$/),
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
    expect(policyWarnings(policyOf(roles))).toEqual([])
  })
})
