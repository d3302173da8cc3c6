// The requests, each field once: these schemas validate, and `openapi.json` is made from them.

import * as v from 'valibot'
import { ROLE_PATTERN } from '../policy/policy.ts'
import { type RequestReason, invalidRequest } from './request-error.ts'

type Text = v.GenericSchema<string>
type OptionalText = v.OptionalSchema<Text, undefined>
type Request<Entries extends v.ObjectEntries> = v.StrictObjectSchema<Entries, undefined>

const field = (description: string): Text =>
  v.pipe(v.string(), v.minLength(1), v.description(description))

const role = v.pipe(
  v.string(),
  v.minLength(1),
  v.regex(ROLE_PATTERN),
  v.description('The role asked for; the same in both calls'),
)

/** Fields of `POST /v1/challenge`. */
export const ChallengeRequest: Request<{ role: OptionalText; dpop_jkt: OptionalText }> =
  v.strictObject({
    role: v.optional(role),
    dpop_jkt: v.optional(
      v.pipe(
        v.string(),
        v.minLength(1),
        v.regex(/^[A-Za-z0-9_-]{43}$/),
        v.description(
          'JWK thumbprint (RFC 7638) of the key to bind the token to: not supported yet',
        ),
      ),
    ),
  })

/** Fields of `POST /v1/enroll`. */
export const EnrollRequest: Request<{
  document: Text
  pkcs7: Text
  role: OptionalText
  audience: OptionalText
  resource: OptionalText
}> = v.strictObject({
  document: field('The identity document, exactly as the metadata service answered it'),
  pkcs7: field('The PKCS#7 signature: bare base64, or PEM labelled PKCS7, CMS or CERTIFICATE'),
  role: v.optional(role),
  audience: v.optional(field('The challenge used; needed where the signed content is detached')),
  resource: v.optional(
    field('RFC 8707: the one audience of the role that the token is wanted for; default all'),
  ),
})

/** The schemas of all requests, by the name that they have in `openapi.json`. */
export const REQUEST_SCHEMAS: Readonly<
  Record<'ChallengeRequest' | 'EnrollRequest', RequestSchema>
> = { ChallengeRequest, EnrollRequest }

/** A schema of string fields. */
export type RequestSchema = Request<v.ObjectEntries>

const reasonOf = (issue: v.BaseIssue<unknown>): [RequestReason, string] => {
  if (issue.type === 'min_length') return ['field_empty', 'is empty']
  if (issue.received === 'undefined') return ['field_missing', 'is missing']
  return ['field_malformed', 'does not match its pattern']
}

/**
 * Checks the fields of a request against its schema.
 * @throws RequestError `invalid_request`, for the first field that is wrong
 */
export const checkFields = <Schema extends RequestSchema>(
  schema: Schema,
  fields: ReadonlyMap<string, string>,
): v.InferOutput<Schema> => {
  const known = Object.keys(schema.entries)
  for (const name of fields.keys()) {
    if (known.includes(name)) continue
    throw invalidRequest(
      'field_unknown',
      `A field is not known; this call takes ${known.join(', ')}`,
    )
  }
  const result = v.safeParse(schema, Object.fromEntries(fields), { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const name = String(issue.path?.[0].key)
  const [reason, what] = reasonOf(issue)
  throw invalidRequest(reason, `The field ${name} ${what}`, name)
}
