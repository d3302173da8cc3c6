// What each rule means for renewal: the words of `policy check`, held against the rule itself. The page is made from them.

import { describe, expect, it } from 'vitest'
import { isRenewable } from '../../../src/enroll/first-use.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { RENEWALS, renewalsOf } from '../../../src/policy/renewal.ts'

const RULES = Object.keys(RENEWALS) as (keyof typeof RENEWALS)[]

describe('RENEWALS', () => {
  it.each(RULES)(
    'says of %s what the service answers to an instance that stays as it is',
    (rule) => {
      const applicant = { role: { name: 'worker', reenrollment: rule }, jkt: 'its-key' }
      expect(RENEWALS[rule].renewable).toBe(isRenewable({ jkt: 'its-key' }, applicant))
    },
  )
})

describe('renewalsOf()', () => {
  it('lists each role with the lifetime of its tokens, in the order of the policy', () => {
    const role = (reenrollment: string, token: object = {}): object => ({
      match: { owner_account_id: ['1234567890123456'] },
      token: { audience: ['https://cluster.test'], ...token },
      reenrollment,
    })
    const policy = parsePolicy({
      roles: {
        once: role('never'),
        worker: role('same_key', { lifetime_seconds: 900, audience: ['https://mesh.test'] }),
      },
    })
    expect(renewalsOf(policy)).toEqual([
      {
        role: 'once',
        reenrollment: 'never',
        lifetimeSeconds: 300,
        renewable: false,
        meaning: 'one token only; then an operator must reset the instance',
      },
      {
        role: 'worker',
        reenrollment: 'same_key',
        lifetimeSeconds: 900,
        renewable: true,
        meaning: 'with the key of the first enrollment (rollcall enroll --dpop-key FILE)',
      },
    ])
  })
})
