// Pieces that an OpenAPI document is put together from.

import { BODY_TYPES, type BodyType } from '../request/fields.ts'
import { PROBLEMS, type ProblemCode } from '../problems.ts'

export type Json = Readonly<Record<string, unknown>>

/** A schema of the document, by its name. */
export const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })

/** A request body in each of the forms that the call takes. @param taken default: all that are read */
export const body = (
  name: string,
  required: boolean,
  taken: readonly BodyType[] = BODY_TYPES,
): Json => ({
  required,
  content: Object.fromEntries(taken.map((type) => [type, { schema: ref(name) }])),
})

/** Error answers; codes that share a status stand in one description. */
export const problems = (...codes: readonly ProblemCode[]): Json => {
  const answers: Record<string, { description: string; content: Json }> = {}
  for (const code of codes) {
    const [status, title] = PROBLEMS[code]
    const before = answers[status]?.description
    const description = `${before === undefined ? '' : `${before}; `}${code}: ${title}`
    answers[status] = {
      description,
      content: { 'application/problem+json': { schema: ref('Problem') } },
    }
  }
  return answers
}

/** What can be wrong with any body, and with the service at any time. */
export const READING = ['invalid_request', 'request_timeout', 'payload_too_large'] as const
export const SERVING = [
  'unsupported_media_type',
  'rate_limited',
  'internal_error',
  'unavailable',
] as const

export const string: Json = { type: 'string' }
export const text: Json = { schema: string }
export const anyJson: Json = { 'application/json': { schema: { type: 'object' } } }

/** A path that can be read. */
export const get = (
  operationId: string,
  summary: string,
  content: Json,
  more: Json = {},
): Json => ({
  get: { operationId, summary, responses: { '200': { description: 'OK', content } }, ...more },
})
