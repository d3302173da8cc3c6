// The answers of the service: the type of what it sends, and the client's reader. No I/O.

import { type Result, accept, refuse } from '../result.ts'
import { ENROLLMENT_ANSWERS } from './enrollment-answers.ts'
import { type Mismatch, mismatchOf } from './mismatch.ts'
import { OPERATOR_ANSWERS } from './operator-answers.ts'
import type { Received, Sent } from './schema.ts'

/** The schemas of all answers, by the names that they have in `openapi.json`. */
const ANSWERS: typeof ENROLLMENT_ANSWERS & typeof OPERATOR_ANSWERS = {
  ...ENROLLMENT_ANSWERS,
  ...OPERATOR_ANSWERS,
}

/** Their type. */
export type Answers = typeof ANSWERS

/** The name of an answer. */
export type AnswerName = keyof Answers

/** The JSON that the service sends; a member that is `undefined` is left out. */
export type SentAnswer<Name extends AnswerName> = Sent<Answers[Name], Answers>

/** The JSON that a client has read: other members may be there, as the service may be newer. */
export type ReceivedAnswer<Name extends AnswerName> = Received<Answers[Name], Answers>

/**
 * Reads an answer that was parsed from JSON.
 * @returns the value itself, with every member that it has; or the first place where it does not fit
 */
export const readAnswer = <Name extends AnswerName>(
  name: Name,
  value: unknown,
): Result<ReceivedAnswer<Name>, Mismatch> => {
  const mismatch = mismatchOf(ANSWERS[name], value, ANSWERS)
  return mismatch === undefined ? accept(value as ReceivedAnswer<Name>) : refuse(mismatch)
}
