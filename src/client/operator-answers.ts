// What the service answers to operators, read by the schemas that it is described by. Members that this version
// does not know are kept.

import { type AnswerName, type ReceivedAnswer, readAnswer } from '../base/wire/answers.ts'
import { ClientError } from './client-error.ts'

/** An instance as operators see it; times in Unix seconds. */
export type Instance = ReceivedAnswer<'Instance'>

/** A ban as operators see it; times in Unix seconds. */
export type Ban = ReceivedAnswer<'Ban'>

/** What came of an introspection (RFC 7662). */
export type Introspection = ReceivedAnswer<'Introspection'>

/** A part of a list. */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** Where the next part begins; absent: this is the last one. */
  readonly cursor: string | undefined
}

/** Reads an answer. @throws ClientError `unexpected_answer` */
export const readOperatorAnswer = <Name extends AnswerName>(
  name: Name,
  body: unknown,
): ReceivedAnswer<Name> => {
  const answer = readAnswer(name, body)
  if (answer.ok) return answer.value
  const { path, expected } = answer.refusal
  throw new ClientError(
    `the answer has an unexpected form (${path || 'all of it'}: expected ${expected})`,
    {
      code: 'unexpected_answer',
      remedy: 'is the issuer a rollcall service, and of the same version?',
    },
  )
}

/** Reads a page of instances. @throws ClientError `unexpected_answer` */
export const readInstancePage = (body: unknown): Page<Instance> => {
  const { instances, cursor } = readOperatorAnswer('InstancePage', body)
  return { items: instances, cursor }
}

/** Reads a page of bans. @throws ClientError `unexpected_answer` */
export const readBanPage = (body: unknown): Page<Ban> => {
  const { bans, cursor } = readOperatorAnswer('BanPage', body)
  return { items: bans, cursor }
}
