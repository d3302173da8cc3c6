// No audience has both bound and unbound tokens; those that only look alike are warned about.

import { describe, expect, it } from 'vitest'
import { audienceProblems, audienceTwins, isAlwaysBound } from '../../../src/policy/audiences.ts'
import type { Exchange } from '../../../src/policy/exchange.ts'
import { type Policy, type Role, parsePolicy } from '../../../src/policy/policy.ts'

const role = (name: string, audience: string, more: Partial<Role> = {}): Role => ({
  name,
  match: { owner_account_id: ['1'] },
  token: { audience: [audience], lifetimeSeconds: 300, groups: [] },
  reenrollment: 'always',
  binding: 'none',
  exchange: [],
  ...more,
})
const bound = { binding: 'dpop' } as const
const to = (audience: string, binding: 'none' | 'dpop'): Exchange => ({
  audience,
  binding,
  lifetimeSeconds: 120,
  groups: [],
})
const of = (...roles: Role[]): Policy => ({ roles })

describe('isAlwaysBound()', () => {
  it.each([
    ['dpop', 'always', true],
    ['none', 'same_key', true],
    ['none', 'always', false],
    ['none', 'never', false],
  ] as const)('for %s and %s is %s', (binding, reenrollment, expected) => {
    expect(isAlwaysBound({ binding, reenrollment })).toBe(expected)
  })
})

describe('audienceProblems()', () => {
  it.each<[string, Policy]>([
    ['two roles with unbound tokens', of(role('a', 'x'), role('b', 'x'))],
    [
      'two roles with bound tokens',
      of(role('a', 'x', bound), role('b', 'x', { reenrollment: 'same_key' })),
    ],
    [
      'a role and its exchange, both bound',
      of(role('a', 'x', { ...bound, exchange: [to('x', 'dpop')] })),
    ],
    [
      'two exchanges for bearer tokens',
      of(role('a', 'x', { ...bound, exchange: [to('y', 'none')] }), role('b', 'y')),
    ],
    ['audiences that differ in case', of(role('a', 'x', bound), role('b', 'X'))],
  ])('has none for %s', (_, policy) => {
    expect(audienceProblems(policy)).toEqual([])
  })

  it.each<[string, Policy, string, string]>([
    [
      'two roles',
      of(role('a', 'x', bound), role('b', 'x')),
      'roles.b.token.audience.0',
      'roles.a.token.audience.0',
    ],
    [
      'a role and its own exchange',
      of(role('a', 'x', { ...bound, exchange: [to('x', 'none')] })),
      'roles.a.exchange.0.audience',
      'roles.a.token.audience.0',
    ],
    [
      'the exchanges of two roles',
      of(
        role('a', 'x', { ...bound, exchange: [to('z', 'none')] }),
        role('b', 'x', { ...bound, exchange: [to('y', 'none'), to('z', 'dpop')] }),
      ),
      'roles.a.exchange.0.audience',
      'roles.b.exchange.1.audience',
    ],
  ])('names both places for %s', (_, policy, unbound, boundPath) => {
    const [problem, ...others] = audienceProblems(policy)
    expect(others).toEqual([])
    expect(problem?.startsWith(`${unbound}: `)).toBe(true)
    expect(problem).toContain(` ${boundPath} bound ones`)
  })

  it('refuses the policy', () => {
    const written = (more: object) => ({
      match: { owner_account_id: ['1'] },
      token: { audience: ['x'] },
      reenrollment: 'never',
      ...more,
    })
    expect(() => parsePolicy({ roles: { a: written(bound), b: written({}) } })).toThrow(
      /roles\.b\.token\.audience\.0: gives "x" unbound tokens/,
    )
  })
})

describe('audienceTwins()', () => {
  it.each([
    ['https://x.test', 'https://X.test'],
    ['https://x.test', 'https://x.test/'],
    ['https://x.test:443/a', 'https://x.test/a'],
    ['http://x.test', 'http://x.test:80'],
  ])('warns of %s and %s', (one, other) => {
    expect(audienceTwins(of(role('a', one, bound), role('b', other)))).toEqual([
      expect.stringContaining('look alike'),
    ])
    expect(audienceTwins(of(role('a', one), role('b', other)))).toEqual([])
  })

  it.each([
    ['https://x.test', 'https://y.test'],
    ['https://x.test:443', 'http://x.test:443'],
    ['https://x.test', 'https://x.test'],
  ])('says nothing of %s and %s', (one, other) => {
    expect(audienceTwins(of(role('a', one, bound), role('b', other)))).toEqual([])
  })
})
