// The lists in the answers to instances are those of the modules that make the answers.

import { expect, it } from 'vitest'
import { ENROLLMENT_ANSWERS } from '../../../../src/base/wire/enrollment-answers.ts'
import { DISCLOSED } from '../../../../src/enroll/enrollment.ts'
import { OAUTH_ERRORS } from '../../../../src/http/oauth-error.ts'
import { PROBLEMS } from '../../../../src/http/problems.ts'

const { code, reason } = ENROLLMENT_ANSWERS.Problem.properties

it('ENROLLMENT_ANSWERS lists every error code', () => {
  expect(code.enum).toEqual(Object.keys(PROBLEMS))
})

it('ENROLLMENT_ANSWERS lists every error of OAuth', () => {
  const { error } = ENROLLMENT_ANSWERS.OAuthError.properties
  expect(error.enum.toSorted()).toEqual(Object.keys(OAUTH_ERRORS).toSorted())
})

it('ENROLLMENT_ANSWERS lists every reason that an instance can read', () => {
  expect(reason.enum).toEqual([...new Set(Object.values(DISCLOSED))])
})
