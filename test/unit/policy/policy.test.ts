// Policies: everything that is refused, with its path, and what is read of the rest.

import { ECS_FIELDS } from '../../../src/policy/fields.ts'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'

const ACCOUNT = '1234567890123456'
const role = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  match: { owner_account_id: [ACCOUNT] },
  token: { audience: ['https://cluster.example'] },
  reenrollment: 'always',
  ...changes,
})
const policy = (changes: Record<string, unknown> = {}): unknown => ({
  roles: { worker: role(changes) },
})
const match = (fields: Record<string, unknown>): unknown =>
  policy({ match: { owner_account_id: [ACCOUNT], ...fields } })
const token = (fields: Record<string, unknown>): unknown =>
  policy({ token: { audience: ['a'], ...fields } })

const problemsOf = (json: unknown): readonly string[] => {
  try {
    parsePolicy(json)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

describe('parsePolicy()', () => {
  it('reads a policy with its defaults', () => {
    expect(parsePolicy(policy())).toEqual({
      roles: [
        {
          name: 'worker',
          match: { owner_account_id: [ACCOUNT] },
          token: { audience: ['https://cluster.example'], lifetimeSeconds: 300, groups: [] },
          reenrollment: 'always',
          binding: 'none',
          exchange: [],
        },
      ],
    })
  })

  it('reads text as well, and keeps the order of the roles', () => {
    const json = JSON.stringify({ roles: { zeta: role(), alpha: role(), 'b-1': role() } })
    expect(parsePolicy(json).roles.map(({ name }) => name)).toEqual(['zeta', 'alpha', 'b-1'])
  })

  it('reads every field of match', () => {
    const fields = {
      owner_account_id: [ACCOUNT, '1'],
      instance_id: ['i-bp1*'],
      region_id: ['cn-hangzhou'],
      zone_id: ['cn-hangzhou-*'],
      instance_type: ['ecs.g7.*'],
      image_id: ['m-*', 'aliyun_3_x64_20G_alibase_20210425.vhd'],
      private_ipv4: ['10.0.0.0/8', '192.168.1.1', '0.0.0.0/0'],
      mac: ['00:16:3e:*'],
      serial_number: ['4acd2b47-*'],
    }
    expect(parsePolicy(match(fields)).roles[0]?.match).toEqual(fields)
  })

  it.each<[string, unknown, RegExp]>([
    ['what is not JSON', '{', /^expected JSON$/],
    ['a key that is there twice', '{"roles":{},"roles":{}}', /a key occurs twice/],
    ['a key that is there twice by escape', '{"roles":{},"rol\\u0065s":{}}', /twice/],
    ['a list', [], /expected \{"roles"/],
    ['another key beside roles', { roles: { worker: role() }, x: 1 }, /expected \{"roles"/],
    ['an empty policy', { roles: {} }, /^roles: expected at least one role/],
    ['a role that is no object', { roles: { worker: 'x' } }, /^roles\.worker: expected an object/],
    ['a name that looks like a number', { roles: { 7: role() } }, /^roles\.7: the name of a role/],
    ['a name in upper case', { roles: { Worker: role() } }, /^roles\.Worker: the name of a role/],
    ['a name that is too long', { roles: { ['a'.repeat(64)]: role() } }, /the name of a role/],
    [
      '__proto__ for a name',
      `{"roles":{"__proto__":${JSON.stringify(role())}}}`,
      /^roles\.__proto__: the name of a role/,
    ],
    [
      'an unknown key of a role',
      policy({ x: 1 }),
      /^roles\.worker\.x: unknown name; expected one of match, token, reenrollment, binding, exchange$/,
    ],
    [
      'an unknown field of match',
      match({ account: ['1'] }),
      /match\.account: not a field of the signed/,
    ],
    [
      'a field that the signed document does not have',
      match({ vpc_id: ['vpc-1'] }),
      new RegExp(
        '^roles\\.worker\\.match\\.vpc_id: not a field of the signed document, which has no VPC and no tags; ' +
          `expected one of ${Object.keys(ECS_FIELDS).join(', ')}$`,
      ),
    ],
    [
      'an unknown key of token',
      token({ ttl: 1 }),
      /token\.ttl: unknown name; expected one of audience, lifetime_seconds, groups$/,
    ],
    ['a role without match', policy({ match: undefined }), /match: required/],
    ['a role without token', policy({ token: undefined }), /token: required/],
    ['a role without accounts', policy({ match: {} }), /owner_account_id: required.*any customer/],
    ['an empty list of accounts', match({ owner_account_id: [] }), /expected at least one value/],
    ['an account with a pattern', match({ owner_account_id: ['1*'] }), /no pattern is allowed/],
    ['an account with letters', match({ owner_account_id: ['a'] }), /digits of an account id/],
    ['an account of 21 digits', match({ owner_account_id: ['1'.repeat(21)] }), /digits/],
    ['an account that is a number', match({ owner_account_id: [1] }), /in quotation marks/],
    ['accounts that are no list', match({ owner_account_id: ACCOUNT }), /expected a list/],
    ['a value that is there twice', match({ region_id: ['a', 'a'] }), /occurs twice/],
    ['a list in one text', match({ region_id: ['a,b'] }), /expected letters, digits/],
    ['a value with a space', match({ region_id: ['cn-hangzhou '] }), /expected letters, digits/],
    [
      'an address with three numbers',
      match({ private_ipv4: ['10.0.0'] }),
      /IPv4 address or a CIDR/,
    ],
    ['an address with a pattern', match({ private_ipv4: ['10.*'] }), /IPv4 address or a CIDR/],
    ['an address with zeros before', match({ private_ipv4: ['010.0.0.1'] }), /IPv4 address/],
    ['a block of more than 32 bits', match({ private_ipv4: ['10.0.0.0/33'] }), /IPv4 address/],
    [
      'a block with host bits',
      match({ private_ipv4: ['10.0.0.1/8'] }),
      /10.0.0.1\/8 is inside 10.0.0.0\/8/,
    ],
    ['a token without audience', policy({ token: {} }), /audience: required/],
    ['an empty audience', token({ audience: [] }), /at least one value/],
    ['an audience with a space', token({ audience: ['a b'] }), /printable ASCII/],
    ['a lifetime of 0', token({ lifetime_seconds: 0 }), /at least 1/],
    ['a lifetime above an hour', token({ lifetime_seconds: 3601 }), /at most 3600/],
    ['a lifetime in parts', token({ lifetime_seconds: 1.5 }), /whole seconds/],
    ['a lifetime that is a text', token({ lifetime_seconds: '300' }), /a number of seconds/],
    ['groups that are no list', token({ groups: 'nodes' }), /groups: expected a list/],
    ['no reenrollment', policy({ reenrollment: undefined }), /reenrollment: required/],
    [
      'another reenrollment',
      policy({ reenrollment: 'once' }),
      /reenrollment: expected one of "always", "same_key", "new_image", "never"/,
    ],
    ['reenrollment in another case', policy({ reenrollment: 'Never' }), /expected one of/],
    ['another binding', policy({ binding: 'mtls' }), /binding: expected one of "none", "dpop"/],
    ['a binding that is null', policy({ binding: null }), /binding: expected one of/],
  ])('refuses %s', (_, json, problem) => {
    const problems = problemsOf(json)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(problem)
  })

  it.each(['always', 'same_key', 'new_image', 'never'])('takes reenrollment %s', (reenrollment) => {
    const [read] = parsePolicy({ roles: { worker: role({ reenrollment, binding: 'dpop' }) } }).roles
    expect(read).toMatchObject({ reenrollment, binding: 'dpop' })
  })

  it.each(['constructor', 'prototype', 'tostring'])('does not lose a role named %s', (name) => {
    expect(parsePolicy({ roles: { [name]: role() } }).roles).toMatchObject([{ name }])
  })

  it('reports every problem at once', () => {
    const problems = problemsOf({
      roles: {
        one: role({ reenrollment: 'once', match: { owner_account_id: [] } }),
        two: role({ token: { audience: [], lifetime_seconds: 0 } }),
      },
    })
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'roles.one.match.owner_account_id',
      'roles.one.reenrollment',
      'roles.two.token.audience',
      'roles.two.token.lifetime_seconds',
    ])
  })
})
