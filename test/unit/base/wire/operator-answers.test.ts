// The lists in the answers to operators are those of the modules that make the answers.

import { expect, it } from 'vitest'
import { OPERATOR_ANSWERS } from '../../../../src/base/wire/operator-answers.ts'
import { ECS_FIELD_NAMES } from '../../../../src/policy/fields.ts'
import { BAN_KINDS } from '../../../../src/registry/bans.ts'

it.each(['Ban', 'Banned'] as const)('OPERATOR_ANSWERS lists every kind of ban in %s', (name) => {
  expect(OPERATOR_ANSWERS[name].properties.kind.enum).toEqual(BAN_KINDS)
})

it('OPERATOR_ANSWERS lists every attested field', () => {
  const { ecs } = OPERATOR_ANSWERS.Introspection.properties
  expect(Object.keys(ecs.properties)).toEqual(ECS_FIELD_NAMES)
  expect(ecs.required).toEqual(ECS_FIELD_NAMES)
})
