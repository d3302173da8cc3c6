// The decision: who is admitted, who is not, and what the audit event says. Each refusal starts from
// an instance that is admitted and changes one thing.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, namesAccount } from '../../../src/policy/decide.ts'
import { ECS_FIELDS, ECS_FIELD_NAMES, type EcsField } from '../../../src/policy/fields.ts'
import { type Policy, parsePolicy } from '../../../src/policy/policy.ts'
import type { InstanceIdentity } from '../../../src/verify/instance-identity.ts'

const IDENTITY: InstanceIdentity = {
  ownerAccountId: '1234567890123456',
  instanceId: 'i-bp1abc',
  regionId: 'cn-hangzhou',
  zoneId: 'cn-hangzhou-h',
  instanceType: 'ecs.g7.large',
  imageId: 'm-bp1image',
  privateIpv4: '10.1.2.3',
  mac: '00:16:3e:0f:12:ab',
  serialNumber: '4acd2b47-b328',
  unknownFields: [],
  trustAnchor: 'a',
  digest: 'd',
}

const roleOf = (match: Record<string, unknown>): unknown => ({
  match: { owner_account_id: [IDENTITY.ownerAccountId], ...match },
  token: { audience: ['a'] },
  reenrollment: 'always',
})
const policyOf = (match: Record<string, unknown> = {}): Policy =>
  parsePolicy({ roles: { worker: roleOf(match) } })

describe('decide()', () => {
  it('admits the instance that the refusals start from', () => {
    expect(decide(IDENTITY, policyOf())).toMatchObject({ allow: true, role: { name: 'worker' } })
  })

  it('refuses an account that no role allows', () => {
    const identity = { ...IDENTITY, ownerAccountId: '1234567890123457' }
    expect(decide(identity, policyOf())).toEqual({ allow: false, reason: 'account_not_allowed' })
  })

  it.each<[string, EcsField, string]>([
    ['a region', 'region_id', 'cn-beijing'],
    ['an image', 'image_id', 'm-other*'],
    ['a type', 'instance_type', 'ecs.c7.*'],
    ['a zone', 'zone_id', 'cn-hangzhou-g'],
    ['an instance id', 'instance_id', 'i-other'],
    ['a serial number', 'serial_number', 'other'],
    ['a mac', 'mac', '00:16:3e:00:*'],
    ['an address', 'private_ipv4', '10.2.0.0/16'],
  ])('refuses %s that no role allows, and says which rule', (_, field, allowed) => {
    expect(decide(IDENTITY, policyOf({ [field]: [allowed] }))).toEqual({
      allow: false,
      reason: 'no_role_matches',
      role: 'worker',
      rule: `roles.worker.match.${field}`,
      field,
    })
  })

  it('refuses everything under an empty policy', () => {
    expect(decide(IDENTITY, { roles: [] })).toEqual({ allow: false, reason: 'role_unknown' })
    expect(namesAccount({ roles: [] }, IDENTITY.ownerAccountId)).toBe(false)
  })

  it('refuses under a role without accounts, however it came to be', () => {
    const [role] = policyOf().roles
    if (role === undefined) throw new Error('no role')
    const broken: Policy = { roles: [{ ...role, match: { owner_account_id: [] } }] }
    expect(decide(IDENTITY, broken)).toMatchObject({ allow: false, reason: 'account_not_allowed' })
  })

  it('never takes an account for a pattern, also in a policy made by hand', () => {
    const [role] = policyOf().roles
    if (role === undefined) throw new Error('no role')
    const broken: Policy = { roles: [{ ...role, match: { owner_account_id: ['*'] } }] }
    expect(decide(IDENTITY, broken)).toMatchObject({ allow: false })
  })

  it.each(['hangzhou', 'cn-*-x', 'cn-hang', 'n-hangzhou', '*hang', 'hangzhou*'])(
    'refuses a pattern that matches in the middle: %s',
    (pattern) => {
      expect(decide(IDENTITY, policyOf({ region_id: [pattern] }))).toMatchObject({ allow: false })
    },
  )

  it.each([
    ['region_id', 'CN-HANGZHOU'],
    ['region_id', 'Cn-*'],
    ['instance_id', 'I-BP1ABC'],
    ['mac', '00:16:3E:*'],
  ])('refuses case tricks: %s %s', (field, value) => {
    expect(decide(IDENTITY, policyOf({ [field]: [value] }))).toMatchObject({ allow: false })
  })

  it('refuses a role that does not exist', () => {
    expect(decide(IDENTITY, policyOf(), 'other')).toEqual({ allow: false, reason: 'role_unknown' })
    expect(decide(IDENTITY, policyOf(), 'constructor')).toMatchObject({ allow: false })
  })

  const two = parsePolicy({
    roles: { first: roleOf({ region_id: ['cn-beijing'] }), second: roleOf({}), third: roleOf({}) },
  })

  it('takes the first role that matches where none is asked for', () => {
    expect(decide(IDENTITY, two)).toMatchObject({ allow: true, role: { name: 'second' } })
  })

  it('takes the role asked for, and no other', () => {
    expect(decide(IDENTITY, two, 'third')).toMatchObject({ allow: true, role: { name: 'third' } })
    expect(decide(IDENTITY, two, 'first')).toEqual({
      allow: false,
      reason: 'role_not_matched',
      role: 'first',
      rule: 'roles.first.match.region_id',
      field: 'region_id',
    })
  })

  it('agrees with a plain reading of the policy', () => {
    const toRegExp = (pattern: string): RegExp =>
      new RegExp(
        `^${pattern
          .split('*')
          .map((part) => part.replaceAll(/[.]/g, '\\.'))
          .join('.*')}$`,
      )
    const text = fc.stringMatching(/^[ab.*-]{1,6}$/)
    const matchers = fc.record({
      region_id: fc.option(fc.uniqueArray(text, { minLength: 1, maxLength: 3 })),
      image_id: fc.option(fc.uniqueArray(text, { minLength: 1, maxLength: 3 })),
    })
    const value = fc.stringMatching(/^[ab.-]{1,6}$/)
    let allowed = 0
    fc.assert(
      fc.property(matchers, value, value, (match, regionId, imageId) => {
        const given = Object.fromEntries(Object.entries(match).filter(([, list]) => list !== null))
        const identity = { ...IDENTITY, regionId, imageId }
        const expected = Object.entries(given).every(([field, list]) =>
          (list as string[]).some((pattern) =>
            toRegExp(pattern).test(String(identity[ECS_FIELDS[field as EcsField]])),
          ),
        )
        const { allow } = decide(identity, policyOf(given))
        expect(allow).toBe(expected)
        if (allow) allowed++
      }),
      { seed: 1, numRuns: 3000 },
    )
    expect(allowed).toBeGreaterThan(100)
  })

  it('looks at every field that a role can name', () => {
    for (const field of ECS_FIELD_NAMES) {
      const wrong = field === 'private_ipv4' ? '1.1.1.1' : '0'
      expect(decide(IDENTITY, policyOf({ [field]: [wrong] }))).toMatchObject({ allow: false })
    }
  })
})
