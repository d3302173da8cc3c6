// The schema of a request as JSON Schema: an object of string fields, with the few constraints that
// `schemas.ts` uses. The schema library's own converter knows all of JSON Schema, and would be the largest
// single part of the Worker; a test compares the two.

import type * as v from 'valibot'
import type { RequestSchema } from '../request/schemas.ts'

type Json = Readonly<Record<string, unknown>>

/** What each action of a field's pipe says in JSON Schema. */
const KEYWORDS: Readonly<Record<string, (action: never) => Json>> = {
  min_length: ({ requirement }: v.MinLengthAction<string, number, undefined>) => ({
    minLength: requirement,
  }),
  max_length: ({ requirement }: v.MaxLengthAction<string, number, undefined>) => ({
    maxLength: requirement,
  }),
  regex: ({ requirement }: v.RegexAction<string, undefined>) => ({ pattern: requirement.source }),
  description: ({ description }: v.DescriptionAction<string, string>) => ({ description }),
}

const keywordsOf = (action: { readonly type: string }): Json => {
  const keywords = KEYWORDS[action.type]
  // Without this error a constraint would be checked but not described.
  if (keywords === undefined) throw new TypeError(`no JSON Schema for ${action.type}`)
  return keywords(action as never)
}

/** Describes the fields of a request. @throws TypeError for a constraint that it does not know */
export const jsonSchemaOf = ({ type, entries }: RequestSchema): Json => {
  const properties: Record<string, Json> = {}
  const required: string[] = []
  for (const [name, entry] of Object.entries(entries)) {
    const optional = entry.type === 'optional'
    if (!optional) required.push(name)
    const field = optional ? (entry as unknown as { wrapped: typeof entry }).wrapped : entry
    const actions = 'pipe' in field ? (field.pipe as { readonly type: string }[]).slice(1) : []
    properties[name] = Object.assign({ type: 'string' }, ...actions.map(keywordsOf))
  }
  return {
    type: 'object',
    properties,
    required,
    ...(type === 'strict_object' && { additionalProperties: false }),
  }
}
