// The problems of a JSON value that a variable holds, with the place of each. No problem shows the value, which may be
// a secret in the wrong place.

import * as v from 'valibot'

/** SHA-256 of no bytes: of a secret that was not set where it was hashed. */
const HASH_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** SHA-256 of a secret, 64 lower-case hex digits. */
export const secretHash: v.GenericSchema<string, string> = v.pipe(
  v.string('expected a text'),
  v.regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits, the SHA-256 of the secret'),
  v.check((hash) => hash !== HASH_OF_NOTHING, 'is the hash of an empty text; hash the secret'),
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
