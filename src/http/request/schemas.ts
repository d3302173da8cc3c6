// The requests, each field once: these schemas validate, and `openapi.json` is made from them.

import * as v from 'valibot'
import { ROLE_PATTERN } from '../../policy/policy.ts'

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
        // The last character has two bits left over; they are zero, so a thumbprint has one text.
        v.regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/),
        v.description(
          'JWK thumbprint (RFC 7638) of the key to bind the token to; the enrollment must prove it',
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
  resource: v.optional(field('RFC 8707: the one audience of the token; default: all of the role')),
})

/** A request without fields. */
export const EmptyRequest: Request<Record<never, never>> = v.strictObject({})

/** Fields of `PUT /v1/admin/bans/{kind}/{value}`. */
export const BanRequest: Request<{ reason: Text }> = v.strictObject({
  reason: v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(256),
    v.description('Why; the list of bans shows it'),
  ),
})

const hint = field('Accepted and ignored')

/** Fields of `POST /v1/introspect` (RFC 7662). */
export const IntrospectRequest: Request<{ token: Text; token_type_hint: OptionalText }> =
  v.strictObject({ token: field('An enrollment token'), token_type_hint: v.optional(hint) })

/** Fields of `POST /v1/revoke` (RFC 7009). */
export const RevokeRequest: Request<{
  token: OptionalText
  jti: OptionalText
  token_type_hint: OptionalText
}> = v.strictObject({
  token: v.optional(field('An enrollment token')),
  jti: v.optional(
    v.pipe(
      v.string(),
      v.minLength(1),
      v.regex(/^[A-Za-z0-9_-]{22}$/),
      v.description('The jti claim of an enrollment token, where the token itself is not at hand'),
    ),
  ),
  token_type_hint: v.optional(hint),
})

/** The schemas of what everybody may call, by the name that they have in `openapi.json`. */
export const REQUEST_SCHEMAS: Readonly<
  Record<'ChallengeRequest' | 'EnrollRequest', RequestSchema>
> = { ChallengeRequest, EnrollRequest }

/** The schemas of what operators may call, likewise. */
export const OPERATOR_SCHEMAS: {
  readonly BanRequest: typeof BanRequest
  readonly IntrospectRequest: typeof IntrospectRequest
  readonly RevokeRequest: typeof RevokeRequest
} = { BanRequest, IntrospectRequest, RevokeRequest }

/** A schema of string fields. */
export type RequestSchema = Request<v.ObjectEntries>
