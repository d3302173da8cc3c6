// The types that the reference spells out, compared with the schemas and tables that the code works with. The
// compiler compares; a difference is an error of `npx tsc -p .`.

import { expect, expectTypeOf, it } from 'vitest'
import type { OPERATOR_CALLS, OperatorAction } from '../../../src/base/wire/operator-calls.ts'
import type { ReceivedAnswer, SentAnswer } from '../../../src/base/wire/answers.ts'
import type { RefusalReason } from '../../../src/client/answer.ts'
import type { Ban, Instance, Introspection } from '../../../src/client/operator-answers.ts'
import type { DisclosedReason } from '../../../src/enroll/enrollment.ts'
import type { ProblemCode } from '../../../src/http/problems.ts'
import { OPERATOR_SCOPES } from '../../../src/token/operator-keys.ts'

it('the public types of answers, codes and actions are those of the schemas', () => {
  expectTypeOf<keyof typeof OPERATOR_CALLS>().toEqualTypeOf<OperatorAction>()
  expectTypeOf<SentAnswer<'Problem'>['code']>().toEqualTypeOf<ProblemCode>()
  expectTypeOf<NonNullable<SentAnswer<'Problem'>['reason']>>().toEqualTypeOf<RefusalReason>()
  expectTypeOf<RefusalReason>().toEqualTypeOf<DisclosedReason>()
  expectTypeOf<ReceivedAnswer<'Instance'>>().toExtend<Instance>()
  expectTypeOf<Instance>().toExtend<ReceivedAnswer<'Instance'>>()
  expectTypeOf<ReceivedAnswer<'Ban'>>().toExtend<Ban>()
  expectTypeOf<Ban>().toExtend<ReceivedAnswer<'Ban'>>()
  expectTypeOf<ReceivedAnswer<'Introspection'>>().toExtend<Introspection>()
  expectTypeOf<Introspection>().toExtend<ReceivedAnswer<'Introspection'>>()
  expect(OPERATOR_SCOPES).toHaveLength(3)
})
