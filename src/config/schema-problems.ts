// The problems of a JSON value that a variable holds, with the place of each. No problem shows the value, which may be
// a secret in the wrong place.

import * as v from 'valibot'
import { matchesSecret } from '../admit/secret-hash.ts'
import { parseUniqueJson } from '../base/json.ts'
import { refuse } from '../base/result.ts'
import type { Parsed } from './variable.ts'

/** Whether a hash is of no bytes: of a secret that was not set where it was hashed. */
const isOfNothing = (hash: string): boolean => matchesSecret('')(hash)

/** SHA-256 of a secret, 64 lower-case hex digits. */
export const secretHash: v.GenericSchema<string, string> = v.pipe(
  v.string('expected a text'),
  v.regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits, the SHA-256 of the secret'),
  v.check((hash) => !isOfNothing(hash), 'is the hash of an empty text; hash the secret'),
)

/**
 * The problem that an issue is, behind the place that it is about.
 * @param members the members of the object that the issue is in
 */
export const schemaProblem = (issue: v.BaseIssue<unknown>, members: readonly string[]): string => {
  const path = issue.path?.map(({ key }) => String(key)).join('.') ?? ''
  const names = members.join(', ')
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `${path}: unknown name; expected one of ${names}`
  }
  if (issue.received === 'undefined') return `${path}: required`
  return issue.type === 'strict_object'
    ? `${path}: expected an object with ${names}`
    : `${path}: ${issue.message}`
}

/** Parses the JSON that a variable holds. */
export const parseJson = (text: string): Parsed<unknown> => {
  const parsed = parseUniqueJson(text)
  if (parsed.ok) return parsed
  return refuse([parsed.refusal === 'duplicate_key' ? 'a key occurs twice' : 'expected JSON'])
}
