// The requests, each field once: these schemas validate, and `openapi.json` is made from them.

import * as v from 'valibot'
import {
  ACCESS_TOKEN_TYPE,
  JWT_TOKEN_TYPE,
  TOKEN_EXCHANGE_GRANT,
} from '../../base/wire/token-exchange.ts'
import { ROLE_PATTERN } from '../../policy/policy.ts'
import { CLIENT_ASSERTION_TYPE } from '../../token/client-assertion.ts'

type Text = v.GenericSchema<string>
type OptionalText = v.OptionalSchema<Text, undefined>
type Request<Entries extends v.ObjectEntries> = v.StrictObjectSchema<Entries, undefined>
/** Parameters of an OAuth call: unknown ones are ignored (RFC 6749 section 3.2). */
type OAuthRequest<Entries extends v.ObjectEntries> = v.ObjectSchema<Entries, undefined>

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

const oneOf = (description: string, ...texts: readonly string[]): Text =>
  v.pipe(
    v.string(),
    v.minLength(1),
    v.regex(new RegExp(`^(?:${texts.join('|')})$`)),
    v.description(description),
  )

/** Parameters of `POST /v1/token` (RFC 8693 section 2.1). Exactly one of `audience` and `resource` is needed. */
export const TokenRequest: OAuthRequest<{
  grant_type: Text
  subject_token: Text
  subject_token_type: Text
  audience: OptionalText
  resource: OptionalText
  requested_token_type: OptionalText
}> = v.object({
  grant_type: oneOf('Token exchange', TOKEN_EXCHANGE_GRANT),
  subject_token: field('An enrollment token that is bound to the key of the DPoP proof'),
  subject_token_type: oneOf('The enrollment token is a JWT', JWT_TOKEN_TYPE),
  audience: v.optional(field('The only audience of the new token; this or resource')),
  resource: v.optional(
    v.pipe(
      v.string(),
      v.minLength(1),
      // RFC 3986 section 4.3, without a fragment: RFC 8707 section 2.
      v.regex(/^[A-Za-z][A-Za-z0-9+.-]*:[!$-;=?-Z[\]_a-z~]+$/),
      v.description('The same as audience, as an absolute URI without a fragment'),
    ),
  ),
  requested_token_type: v.optional(
    oneOf('The new token is a JWT under both names', JWT_TOKEN_TYPE, ACCESS_TOKEN_TYPE),
  ),
})

/** One value, or several with commas between them. */
const listOf = (value: string, description: string): Text =>
  v.pipe(
    v.string(),
    v.minLength(1),
    v.regex(new RegExp(`^${value}(?:,${value})*$`)),
    v.description(description),
  )

/** Parameters of `/v1/authorize`. */
export const AuthorizeQuery: Request<{
  audience: Text
  role: OptionalText
  account: OptionalText
  region: OptionalText
}> = v.strictObject({
  audience: v.pipe(
    v.string(),
    v.minLength(1),
    v.regex(/^[!-~]{1,256}$/),
    v.description('An audience that the token must have'),
  ),
  role: v.optional(listOf('[a-z][a-z0-9-]{0,62}', 'Roles, with commas; the token must have one')),
  account: v.optional(listOf('[0-9]{1,20}', 'Ids of accounts, with commas')),
  region: v.optional(listOf('[a-z0-9-]{1,40}', 'Ids of regions, with commas')),
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

/** Parameters of `POST /v1/introspect` for relying parties (RFC 7662, RFC 7521 section 4.2). */
export const ClientIntrospectRequest: OAuthRequest<{
  token: Text
  token_type_hint: OptionalText
  client_assertion_type: OptionalText
  client_assertion: OptionalText
  client_id: OptionalText
}> = v.object({
  token: field('A token for one of the audiences of the relying party'),
  token_type_hint: v.optional(hint),
  client_assertion_type: v.optional(field(`Required: ${CLIENT_ASSERTION_TYPE}`)),
  client_assertion: v.optional(field('Required: a JWT by a key of the relying party (RFC 7523)')),
  client_id: v.optional(field('The name of the key')),
})

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
  Record<'ChallengeRequest' | 'EnrollRequest' | 'TokenRequest', RequestSchema>
> = { ChallengeRequest, EnrollRequest, TokenRequest }

/** The schemas of what operators may call, likewise. */
export const OPERATOR_SCHEMAS: {
  readonly BanRequest: typeof BanRequest
  readonly IntrospectRequest: typeof IntrospectRequest
  readonly RevokeRequest: typeof RevokeRequest
} = { BanRequest, IntrospectRequest, RevokeRequest }

/** The schemas of what relying parties may call, likewise. */
export const CLIENT_SCHEMAS: { readonly ClientIntrospectRequest: typeof ClientIntrospectRequest } =
  { ClientIntrospectRequest }

/** A schema of string fields. */
export type RequestSchema = Request<v.ObjectEntries> | OAuthRequest<v.ObjectEntries>
