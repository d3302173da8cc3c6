// The service's answers as data: good schemas, and the client's reader.

import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { type AnswerName, readAnswer } from '../../../../src/base/wire/answers.ts'
import { ENROLLMENT_ANSWERS } from '../../../../src/base/wire/enrollment-answers.ts'
import { OPERATOR_ANSWERS } from '../../../../src/base/wire/operator-answers.ts'
import type { Schemas } from '../../../../src/base/wire/schema.ts'

const ANSWERS = { ...ENROLLMENT_ANSWERS, ...OPERATOR_ANSWERS } satisfies Schemas

const INSTANCE = {
  owner_account_id: '1609123456789012',
  region_id: 'cn-hangzhou',
  instance_id: 'i-1',
  serial_number: 's-1',
  enrollments: 1,
  generation: 0,
  open: false,
}
const BAN = { kind: 'image', value: 'm-1', reason: 'old', banned_by: 'alice', banned_at: 1 }

const GOOD: Readonly<Record<AnswerName, unknown>> = {
  Challenge: { audience: 'x', expires_in: 120 },
  Enrollment: {
    access_token: 'x.y.z',
    token_type: 'Bearer',
    expires_in: 600,
    issued_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    role: 'worker',
    renewable: true,
  },
  Exchange: {
    access_token: 'a.b.c',
    issued_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_type: 'DPoP',
    expires_in: 120,
  },
  OAuthError: { error: 'invalid_grant', error_description: 'The subject token was refused' },
  Problem: { type: 'about:blank', title: 'x', status: 404, code: 'not_found', request_id: 'x' },
  UnixSeconds: 1_700_000_000,
  Instance: INSTANCE,
  InstancePage: { instances: [INSTANCE], cursor: 'x' },
  Banned: { kind: 'image', value: 'm-1' },
  Ban: BAN,
  BanPage: { bans: [BAN] },
  Introspection: { active: false },
}

describe('the schemas of answers', () => {
  it('are JSON Schema by an independent validator, without an unknown keyword', () => {
    const ajv = new Ajv2020({ strict: true }).addKeyword({ keyword: 'components' })
    for (const name of Object.keys(ANSWERS)) {
      const schema = { $ref: `#/components/schemas/${name}`, components: { schemas: ANSWERS } }
      expect(ajv.compile(schema)(GOOD[name as AnswerName])).toBe(true)
    }
  })

  it('require only members that they describe', () => {
    for (const schema of Object.values(ANSWERS as Schemas)) {
      if (!('required' in schema)) continue
      expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining([...schema.required]))
    }
  })
})

describe('readAnswer()', () => {
  it.each(Object.keys(GOOD) as AnswerName[])('returns %s as it is', (name) => {
    const value = GOOD[name]
    const result = readAnswer(name, value)
    expect(result).toEqual({ ok: true, value })
    expect(result.ok && result.value).toBe(value)
  })

  it('keeps the members of a newer service', () => {
    const value = { ...BAN, kind: 'region', expires_at: 5 }
    expect(readAnswer('Ban', value)).toEqual({ ok: true, value })
  })

  it.each([
    ['Instance', { ...INSTANCE, open: undefined }, 'open', 'true or false'],
    [
      'Instance',
      { ...INSTANCE, revoked_until: 8.64e12 + 1 },
      'revoked_until',
      'a whole number from 0 to 8640000000000',
    ],
    ['InstancePage', { instances: [INSTANCE, {}] }, 'instances.1.owner_account_id', 'a string'],
    ['BanPage', { bans: [], cursor: null }, 'cursor', 'a string'],
    ['Introspection', 'ok', '', 'an object'],
  ] as const)('refuses another %s and names the place', (name, value, path, expected) => {
    expect(readAnswer(name, value)).toEqual({ ok: false, refusal: { path, expected } })
  })
})
