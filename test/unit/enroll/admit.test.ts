// The policy's word on an enrollment: each reason to refuse, and what comes first where there are several.

import { describe, expect, it } from 'vitest'
import { readIdentityDocument } from '../../../src/codec/identity-document.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { accept, refuse } from '../../../src/base/result.ts'
import { admit } from '../../../src/enroll/admit.ts'
import { DISCLOSED, type EnrollmentReason } from '../../../src/enroll/enrollment.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { DOCUMENT_FIELDS, documentText } from '../../support/test-cloud.ts'

const ACCOUNT = DOCUMENT_FIELDS['owner-account-id']
const IDENTITY = {
  ...readIdentityDocument(utf8(documentText())),
  trustAnchor: 'a',
  digest: 'd',
}
const role = (more: object = {}, match: object = {}): object => ({
  match: { owner_account_id: [ACCOUNT], ...match },
  token: { audience: ['https://a.test', 'https://b.test'] },
  reenrollment: 'always',
  ...more,
})
// No audience has both bound and unbound tokens.
const BOUND = { audience: ['https://mesh.test'] }
const POLICY = parsePolicy({
  roles: {
    elsewhere: role({}, { region_id: ['cn-beijing'] }),
    worker: role(),
    bound: role({ binding: 'dpop', token: BOUND }),
    kept: role({ reenrollment: 'same_key', token: BOUND }),
    both: role({ binding: 'dpop', reenrollment: 'same_key', token: BOUND }),
    once: role({ reenrollment: 'never' }),
  },
})
const STRANGER = { ...IDENTITY, ownerAccountId: '1' }

describe('admit()', () => {
  it.each<[string, object, string | undefined, string]>([
    ['no role asked for', {}, undefined, 'worker'],
    ['a role asked for', { role: 'once' }, undefined, 'once'],
    ['an audience of the role', { resource: 'https://b.test' }, undefined, 'worker'],
    ['a key that the role does not need', { role: 'worker' }, 'key', 'worker'],
    ['a key that the role needs', { role: 'bound' }, 'key', 'bound'],
    ['a key that the role’s rule needs', { role: 'kept' }, 'key', 'kept'],
  ])('admits with %s', (_, request, jkt, name) => {
    expect(admit(IDENTITY, POLICY, request, jkt)).toMatchObject(accept({ name }))
  })

  const code = 'not_admitted'
  it.each<[string, object, object, object]>([
    ['account_not_allowed', STRANGER, { role: 'worker' }, {}],
    ['account_not_allowed', STRANGER, { role: 'ghost', resource: 'https://none.test' }, {}],
    [
      'role_not_matched',
      IDENTITY,
      { role: 'elsewhere', resource: 'https://none.test' },
      { rule: 'roles.elsewhere.match.region_id', field: 'region_id' },
    ],
    ['role_unknown', IDENTITY, { role: 'ghost', resource: 'https://none.test' }, {}],
    ['resource_not_allowed', IDENTITY, { resource: 'https://none.test' }, {}],
    ['resource_not_allowed', IDENTITY, { resource: 'https://a.test/' }, {}],
    ['resource_not_allowed', IDENTITY, { resource: '' }, {}],
    // The audience comes last: to ask for one that no role has shows whether the rest is accepted.
    [
      'key_not_proved',
      IDENTITY,
      { role: 'bound', resource: 'https://none.test' },
      { rule: 'roles.bound.binding' },
    ],
    ['key_not_proved', IDENTITY, { role: 'bound' }, { rule: 'roles.bound.binding' }],
    ['key_not_proved', IDENTITY, { role: 'kept' }, { rule: 'roles.kept.reenrollment' }],
    ['key_not_proved', IDENTITY, { role: 'both' }, { rule: 'roles.both.binding' }],
  ])('refuses as %s: %#', (reason, identity, request, more) => {
    const refused = admit(identity as typeof IDENTITY, POLICY, request, undefined)
    // Of an account that no role names nothing is disclosed.
    const disclosed = identity === STRANGER ? undefined : DISCLOSED[reason as EnrollmentReason]
    expect(refused).toEqual(refuse({ code, reason, disclosed, ...more }))
  })

  it('refuses as no_role_matches where no role was asked for, and names the closest', () => {
    const policy = { roles: POLICY.roles.slice(0, 1) }
    expect(admit(IDENTITY, policy, {}, 'key')).toEqual(
      refuse({
        code,
        reason: 'no_role_matches',
        disclosed: 'no_role_matches',
        rule: 'roles.elsewhere.match.region_id',
        field: 'region_id',
      }),
    )
  })
})
