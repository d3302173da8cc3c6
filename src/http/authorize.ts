// `/v1/authorize`: whether a request may go on, for `auth_request` of nginx, `forward_auth` of Caddy, ForwardAuth of
// Traefik and `ext_authz` of Envoy. The query says what the relying party demands. The body is not read.

import type { Context, Hono } from 'hono'
import {
  type AuthorizationFacts,
  type AuthorizationOptions,
  type AuthorizationReason,
  type Demands,
  type RefusedAuthorization,
  authorize,
} from '../admit/authorize.ts'
import { utf8 } from '../base/bytes.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { AUTHORIZE_PATH } from '../base/wire/paths.ts'
import { TOKEN_ALGORITHMS } from '../token/algorithms.ts'
import type { EnrollmentClaims } from '../token/claims.ts'
import {
  type AppSettings,
  type Env,
  type Outcome,
  type Refused,
  answering,
  refusedRequest,
} from './audited.ts'
import type { Facts } from './audit.ts'
import type { PlainHeaders } from './common-headers.ts'
import { type Content, jsonContent } from './content.ts'
import { accepts } from './request/accept.ts'
import { checkFields } from './request/check-fields.ts'
import { readFields } from './request/fields.ts'
import { type RequestRefusal, invalidRequest } from './request/request-refusal.ts'
import { AuthorizeQuery } from './request/schemas.ts'
import { splitUrl } from './request/split-url.ts'
import { shownTokenFacts } from './token-facts.ts'

/** What authorizations work with, beside the issuer and its keys. */
export interface AuthorizationSettings extends Pick<AuthorizationOptions, 'ledger' | 'proxies'> {
  /** Whether requests that are admitted have an audit event, too. Refusals always have one. */
  readonly auditAdmitted: boolean
}

const ALGORITHMS = TOKEN_ALGORITHMS.flatMap(({ names }) => names).join(' ')

/**
 * The `WWW-Authenticate` of a refusal, for both schemes (RFC 6750 section 3, RFC 9449 section 7.1). A request without a
 * token gets no error code.
 */
const challenges = (issuer: string, { code, reason }: RefusedAuthorization): string => {
  const realm = `realm="${issuer}"`
  const error = reason === 'token_missing' ? '' : `, error="${code}"`
  const bearer = code === 'invalid_token' ? error : ''
  return `Bearer ${realm}${bearer}, DPoP ${realm}${error}, algs="${ALGORITHMS}"`
}

/** Titles for the codes, in place of those that the codes have at other calls. */
const TITLES: Readonly<Partial<Record<RefusedAuthorization['code'], string>>> = {
  invalid_token: 'The token was refused; enroll again and use the new token',
  invalid_dpop_proof: 'The DPoP proof was refused; make a new one for this method, URL and token',
  not_admitted: 'The token is valid, but not for this audience, role, account or region',
}

/** Titles for refusals that the client can do something about. They say nothing that the request does not say. */
const TITLES_OF_REASONS: Readonly<Partial<Record<AuthorizationReason, string>>> = {
  token_missing: 'Send one header, Authorization: Bearer TOKEN, or DPoP TOKEN with a DPoP header',
  token_expired: 'The token has expired; enroll again and use the new token',
  token_scheme_mismatch:
    'A token that is bound to a key needs the scheme DPoP and a proof, any other the scheme Bearer',
  dpop_missing: 'The request has no DPoP header; send a proof made with the key of the token',
  dpop_replayed: 'The DPoP proof was used before; make a new one for each request',
  dpop_not_in_time:
    'The iat of the DPoP proof is more than 60 seconds off; correct the clock, or try again',
}

/** Reads the query, as strictly as a form. */
const readDemands = (query: string): Result<Demands, RequestRefusal> => {
  const fields = readFields(utf8(query), 'application/x-www-form-urlencoded')
  if (!fields.ok) {
    return fields.refusal.reason === 'body_malformed'
      ? invalidRequest('field_malformed', 'The query is malformed; write NAME=VALUE&NAME=VALUE')
      : fields
  }
  const checked = checkFields(AuthorizeQuery, fields.value)
  if (!checked.ok) return checked
  const { audience, role, account, region } = checked.value
  return accept({
    audience,
    roles: role?.split(','),
    accounts: account?.split(','),
    regions: region?.split(','),
  })
}

/**
 * The identity for the relying party. All headers are there always: a proxy that copies only those that it finds would
 * let the client's own pass.
 */
const identityHeaders = ({ sub, role, groups, exp, cnf, ecs }: EnrollmentClaims): PlainHeaders => ({
  'x-rollcall-subject': sub,
  'x-rollcall-instance': ecs.instance_id,
  'x-rollcall-account': ecs.owner_account_id,
  'x-rollcall-region': ecs.region_id,
  'x-rollcall-role': role,
  'x-rollcall-groups': groups?.join(',') ?? '',
  'x-rollcall-key': cnf?.jkt ?? '',
  'x-rollcall-expires': String(exp),
})

const factsOf = ({ claims, proxy, jkt }: AuthorizationFacts): Facts => ({
  proxy,
  jkt,
  ...shownTokenFacts(claims),
})

const refused = (issuer: string, refusal: RefusedAuthorization): Result<never, Refused> => {
  const { code, reason } = refusal
  const isUnauthenticated = code === 'invalid_token' || code === 'invalid_dpop_proof'
  return refuse({
    code,
    title: TITLES_OF_REASONS[reason] ?? TITLES[code],
    authenticate: isUnauthenticated ? challenges(issuer, refusal) : undefined,
    facts: { ...factsOf(refusal), reason },
  })
}

/** Adds the call to an app, for any method: some proxies ask with the method of the client. */
export const addAuthorization = (
  app: Hono<Env>,
  settings: AppSettings,
  { auditAdmitted, ...options }: AuthorizationSettings & Pick<AuthorizationOptions, 'published'>,
): void => {
  const { issuer, clock } = settings
  const outcome = async (context: Context<Env>): Promise<Outcome> => {
    const header = (name: string): string | undefined => context.req.header(name)
    const demands = readDemands(splitUrl(context.req.url).query)
    if (!demands.ok) return refusedRequest(demands.refusal)
    const credentials = {
      authorization: header('Authorization'),
      dpop: header('DPoP'),
      proxySecret: header('X-Rollcall-Proxy'),
      forwarded: { method: header('X-Forwarded-Method'), uri: header('X-Forwarded-Uri') },
    }
    const authorized = await authorize({ ...options, issuer }, credentials, demands.value, clock())
    if (!authorized.ok) return refused(issuer, authorized.refusal)
    const { claims } = authorized.value
    const headers = identityHeaders(claims)
    const content: Content = accepts(header('Accept'), 'application/json')
      ? { ...jsonContent(claims), headers }
      : // Without a length Node would send the empty body in chunks.
        { headers: { ...headers, 'content-length': '0' } }
    return accept({ content, facts: factsOf(authorized.value) })
  }
  const handle = answering(settings, 'authorize', outcome, { auditSuccess: auditAdmitted })
  app.get(AUTHORIZE_PATH, handle)
  app.all(AUTHORIZE_PATH, handle)
}
