// The tokens of each role: for whom they are, and whether they are bound to a key.

import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { tokensOf } from '../../../src/policy/tokens.ts'

const role = (more: object) => ({
  match: { owner_account_id: ['1'] },
  token: { audience: ['https://a.test', 'https://b.test'], lifetime_seconds: 90 },
  ...more,
})

const kinds = (more: object) =>
  tokensOf(parsePolicy({ roles: { node: role(more) } })).map(({ by, bound, lifetimeSeconds }) => [
    by,
    bound,
    lifetimeSeconds,
  ])

describe('tokensOf()', () => {
  it.each([
    [{ reenrollment: 'always' }, 'if_proved'],
    [{ reenrollment: 'new_image' }, 'if_proved'],
    [{ reenrollment: 'never' }, 'if_proved'],
    [{ reenrollment: 'same_key' }, 'always'],
    [{ reenrollment: 'never', binding: 'dpop' }, 'always'],
  ])('says of a role with %j that its tokens are bound: %s', (rules, bound) => {
    expect(kinds(rules)).toEqual([['enrollment', bound, 90]])
  })

  it('lists exchanges behind the role, none of them longer than its own tokens', () => {
    const exchange = [
      { audience: 'https://c.test', binding: 'none', lifetime_seconds: 600 },
      { audience: 'https://d.test', binding: 'dpop', lifetime_seconds: 60 },
    ]
    expect(kinds({ reenrollment: 'same_key', exchange })).toEqual([
      ['enrollment', 'always', 90],
      ['exchange', 'never', 90],
      ['exchange', 'always', 60],
    ])
  })

  it('names the audiences of each', () => {
    const exchange = [{ audience: 'https://c.test', binding: 'none' }]
    const policy = parsePolicy({ roles: { node: role({ reenrollment: 'same_key', exchange }) } })
    expect(tokensOf(policy).map(({ role: name, audience }) => [name, audience])).toEqual([
      ['node', ['https://a.test', 'https://b.test']],
      ['node', ['https://c.test']],
    ])
  })
})
