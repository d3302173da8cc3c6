// What a policy says of a document, role by role: the same as the decision, with the values that differ.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { decide } from '../../../src/policy/decide.ts'
import { explain } from '../../../src/policy/explain.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { refusedAs } from '../../support/refusals.ts'
import { DOCUMENT_FIELDS, documentText, withAudience } from '../../support/test-cloud.ts'

const ACCOUNT = DOCUMENT_FIELDS['owner-account-id']
const REGION = DOCUMENT_FIELDS['region-id']
const roleOf = (match: object): object => ({
  match: { owner_account_id: [ACCOUNT], ...match },
  token: { audience: ['a'] },
  reenrollment: 'always',
})
const POLICY = parsePolicy({
  roles: {
    stranger: roleOf({ owner_account_id: ['1'] }),
    elsewhere: roleOf({ region_id: ['cn-beijing', 'us-*'] }),
    worker: roleOf({ region_id: [REGION] }),
    any: roleOf({}),
  },
})
const DOCUMENT = utf8(documentText())

const STRANGER = {
  role: 'stranger',
  matches: false,
  field: 'owner_account_id',
  found: ACCOUNT,
  allowed: ['1'],
}
const ELSEWHERE = {
  role: 'elsewhere',
  matches: false,
  field: 'region_id',
  found: REGION,
  allowed: ['cn-beijing', 'us-*'],
}

describe('explain()', () => {
  it('names the first role that matches, and says of each other one what differs', () => {
    const { document, ...said } = explain(POLICY, DOCUMENT)
    expect(said).toEqual({
      role: 'worker',
      roles: [
        STRANGER,
        ELSEWHERE,
        { role: 'worker', matches: true },
        { role: 'any', matches: true },
      ],
    })
    expect(document).toMatchObject({ ownerAccountId: ACCOUNT, regionId: REGION })
  })

  it.each([
    ['worker', { role: 'worker', roles: [{ role: 'worker', matches: true }] }],
    [
      'elsewhere',
      {
        reason: 'role_not_matched',
        rule: 'roles.elsewhere.match.region_id',
        field: 'region_id',
        roles: [ELSEWHERE],
      },
    ],
    ['stranger', { reason: 'account_not_allowed', roles: [STRANGER] }],
    ['ghost', { reason: 'role_unknown', roles: [] }],
  ])('looks at the role %s alone where it is asked for', (role, expected) => {
    const { document: _, ...said } = explain(POLICY, DOCUMENT, role)
    expect(said).toEqual(expected)
  })

  it('says which rule refuses where no role matches', () => {
    const policy = { roles: POLICY.roles.slice(0, 2) }
    expect(explain(policy, DOCUMENT)).toMatchObject({
      reason: 'no_role_matches',
      rule: 'roles.elsewhere.match.region_id',
      field: 'region_id',
    })
  })

  it('takes a document with an audience, as it was signed', () => {
    const signed = utf8(withAudience(documentText(), 'nonce'))
    expect(explain(POLICY, signed)).toMatchObject({
      role: 'worker',
      document: { audience: 'nonce' },
    })
  })

  it.each([
    ['that is cut off', documentText().slice(0, -1)],
    ['that is pretty-printed', JSON.stringify(DOCUMENT_FIELDS, null, 2)],
    ['with a line end', `${documentText()}\n`],
  ])('refuses a document %s, as verification does', (_, text) => {
    expect(() => explain(POLICY, utf8(text))).toThrow(refusedAs('document_malformed'))
  })

  it('agrees with decide() for any account and region', () => {
    const account = fc.constantFrom(ACCOUNT, '1', '2')
    const region = fc.constantFrom(REGION, 'cn-beijing', 'us-west-1', 'eu')
    const role = fc.constantFrom(undefined, 'stranger', 'elsewhere', 'worker', 'any', 'ghost')
    fc.assert(
      fc.property(account, region, role, (owner, at, asked) => {
        const text = documentText({ 'owner-account-id': owner, 'region-id': at })
        const said = explain(POLICY, utf8(text), asked)
        const decision = decide({ ...said.document, trustAnchor: '', digest: '' }, POLICY, asked)
        expect(said.role).toBe(decision.allow ? decision.role.name : undefined)
        expect(said.reason).toBe(decision.allow ? undefined : decision.reason)
        expect(said.roles.some(({ matches }) => matches)).toBe(decision.allow)
      }),
    )
  })
})
