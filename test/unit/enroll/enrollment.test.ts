// What a client reads of each reason: a coarser one for an instance that a role names, else nothing.

import { describe, expect, it } from 'vitest'
import { DISCLOSED, type EnrollmentReason } from '../../../src/enroll/enrollment.ts'

const TOLD: readonly (readonly [EnrollmentReason, string])[] = [
  ['role_unknown', 'no_role_matches'],
  ['role_not_matched', 'no_role_matches'],
  ['no_role_matches', 'no_role_matches'],
  ['account_not_allowed', 'no_role_matches'],
  ['key_not_proved', 'key_required'],
  ['resource_not_allowed', 'resource_not_allowed'],
  ['already_enrolled', 'already_enrolled'],
  ['key_not_the_first', 'key_changed'],
  ['image_not_new', 'image_unchanged'],
]

describe('DISCLOSED', () => {
  it.each(TOLD)('tells %s as %s', (reason, told) => {
    expect(DISCLOSED[reason]).toBe(told)
  })

  it('tells nothing of any other reason', () => {
    expect(Object.keys(DISCLOSED).toSorted()).toEqual(TOLD.map(([reason]) => reason).toSorted())
  })

  it.each<EnrollmentReason>([
    'banned',
    'signature_invalid',
    'challenge_spent',
    'dpop_nonce_mismatch',
    'challenge_before_reset',
    'enrollment_revoked',
    'revoked_just_now',
    'ledger_unavailable',
    'ledger_format_unknown',
  ])('does not tell %s', (reason) => {
    expect(DISCLOSED[reason]).toBeUndefined()
  })
})
