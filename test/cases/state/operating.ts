// What tests of operators' words do: begin and post enrollments, and make calls that must succeed.

import { expect } from 'vitest'
import type { Answer } from './answer.ts'
import type { Attempt, AttemptOptions, StateService } from './state-service.ts'
import type { Instance } from './constants.ts'

type Members = Readonly<Record<string, unknown>>

/** See {@link operating}. */
export interface Operating {
  begin(instance: Instance, role: string, more?: AttemptOptions): Promise<Attempt>
  post(attempt: Attempt): Promise<Answer>
  several(count: number, instance: Instance, role: string): Promise<Attempt[]>
  /** An operator's call that must succeed. */
  operate(method: string, path: string, fields?: Readonly<Record<string, string>>): Promise<Members>
  /** What introspection says of the token of an answer. */
  introspect(answer: Answer): Promise<Members>
}

/** Does it with a service. */
export const operating = (service: () => StateService): Operating => {
  const begin: Operating['begin'] = (instance, role, more = {}) =>
    service().begin(instance, { role, ...more })
  const operate: Operating['operate'] = async (method, path, fields) => {
    const answer = await service().operate(method, path, fields)
    expect({ status: answer.status, ...answer.body }).toMatchObject({ status: 200 })
    return answer.body
  }
  return {
    begin,
    post: (attempt) => service().post(attempt),
    several: (count, instance, role) =>
      Promise.all(Array.from({ length: count }, () => begin(instance, role))),
    operate,
    introspect: (answer) =>
      operate('POST', '/v1/introspect', { token: String(answer.body['access_token']) }),
  }
}
