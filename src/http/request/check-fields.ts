// The fields of a request against the schema of its call.

import * as v from 'valibot'
import { type Result, accept } from '../../base/result.ts'
import { type RequestReason, type RequestRefusal, invalidRequest } from './request-refusal.ts'
import type { RequestSchema } from './schemas.ts'

const reasonOf = (issue: v.BaseIssue<unknown>): [RequestReason, string] => {
  if (issue.type === 'min_length') return ['field_empty', 'is empty']
  if (issue.received === 'undefined') return ['field_missing', 'is missing']
  return ['field_malformed', 'does not match its pattern']
}

/**
 * Checks the fields of a request against its schema.
 * @returns the fields, or `invalid_request` for the first one that is wrong
 */
export const checkFields = <Schema extends RequestSchema>(
  schema: Schema,
  fields: ReadonlyMap<string, string>,
): Result<v.InferOutput<Schema>, RequestRefusal> => {
  const known = Object.keys(schema.entries)
  if (schema.type === 'strict_object' && [...fields.keys()].some((name) => !known.includes(name))) {
    const title = `A field is not known; this call takes ${known.join(', ')}`
    return invalidRequest('field_unknown', title)
  }
  const result = v.safeParse(schema, Object.fromEntries(fields), { abortEarly: true })
  if (result.success) return accept(result.output)
  const [issue] = result.issues
  const name = String(issue.path?.[0].key)
  const [reason, what] = reasonOf(issue)
  return invalidRequest(reason, `The field ${name} ${what}`, name)
}
