// `exchange` in a policy: what is read, and what is refused with its path.

import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors.ts'
import {
  EXCHANGE_MEMBERS,
  ExchangesSchema,
  MAX_EXCHANGE_LIFETIME_SECONDS,
  readExchanges,
} from '../../../src/policy/exchange.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import * as v from 'valibot'

const policy = (exchange: unknown, more: object = { binding: 'dpop' }): unknown => ({
  roles: {
    node: {
      match: { owner_account_id: ['1'] },
      token: { audience: ['https://rollcall.test'] },
      reenrollment: 'always',
      exchange,
      ...more,
    },
  },
})
const problemsOf = (json: unknown): readonly string[] => {
  try {
    parsePolicy(json)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

describe('exchange', () => {
  it('is read with its defaults', () => {
    const entries = [
      { audience: 'a', binding: 'none' },
      { audience: 'b', binding: 'dpop', lifetime_seconds: 600, groups: ['g'] },
    ]
    expect(parsePolicy(policy(entries)).roles[0]?.exchange).toEqual([
      { audience: 'a', binding: 'none', lifetimeSeconds: 120, groups: [] },
      { audience: 'b', binding: 'dpop', lifetimeSeconds: 600, groups: ['g'] },
    ])
    expect(readExchanges(v.parse(ExchangesSchema, []))).toEqual([])
  })

  it('is allowed for same_key, whose tokens are always bound', () => {
    const entries = [{ audience: 'a', binding: 'none' }]
    expect(problemsOf(policy(entries, { reenrollment: 'same_key' }))).toEqual([])
  })

  it.each<[string, unknown, RegExp]>([
    ['that is no list', {}, /^roles\.node\.exchange: expected a list/],
    ['without an audience', [{ binding: 'none' }], /^roles\.node\.exchange\.0\.audience: required/],
    ['without a binding', [{ audience: 'a' }], /^roles\.node\.exchange\.0\.binding: required/],
    [
      'with a list of audiences',
      [{ audience: ['a'], binding: 'none' }],
      /^roles\.node\.exchange\.0\.audience: expected a text/,
    ],
    [
      'that lives 601 s',
      [{ audience: 'a', binding: 'none', lifetime_seconds: MAX_EXCHANGE_LIFETIME_SECONDS + 1 }],
      /lifetime_seconds: expected at most 600/,
    ],
    ['with another binding', [{ audience: 'a', binding: 'mtls' }], /one of "none", "dpop"/],
    [
      'with a name that it does not have',
      [{ audience: 'a', binding: 'none', ttl: 1 }],
      new RegExp(`ttl: unknown name; expected one of ${EXCHANGE_MEMBERS.join(', ')}$`),
    ],
    [
      'with an audience twice',
      [
        { audience: 'a', binding: 'none' },
        { audience: 'a', binding: 'none' },
      ],
      /an audience occurs twice/,
    ],
  ])('is refused %s', (_, entries, problem) => {
    expect(problemsOf(policy(entries))).toEqual([expect.stringMatching(problem)])
  })

  it('is refused for a role whose tokens are not always bound', () => {
    expect(problemsOf(policy([{ audience: 'a', binding: 'none' }], {}))).toEqual([
      expect.stringMatching(/^roles\.node\.exchange: only bound tokens can be exchanged/),
    ])
  })
})
