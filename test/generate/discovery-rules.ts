// What OpenID Connect Discovery 1.0 and RFC 8414 demand of the discovery document, and what ours has. The page shows
// the table; a test holds each rule against the answers of the service.

/** A document that was answered, and how. */
export interface AnsweredDocument {
  readonly status: number
  readonly type: string | null
  readonly body: Readonly<Record<string, unknown>>
}

/** What the service answers at the addresses of the two standards. */
export interface Discovered {
  /** The name by which a client knows the service. */
  readonly issuer: string
  /** `/.well-known/openid-configuration` */
  readonly openid: AnsweredDocument
  /** `/.well-known/oauth-authorization-server` */
  readonly oauth: AnsweredDocument
  /** What `jwks_uri` answers. */
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/** One rule. */
export interface DiscoveryRule {
  /** Standard and section. */
  readonly source: string
  /** What it demands. */
  readonly rule: string
  /** What we have. */
  readonly ours: string
  /** Whether the answers follow the rule. */
  readonly holds: (answers: Discovered) => boolean
  /** Members that break the rule, to show that `holds` notices. Default: the whole document is empty. */
  readonly broken?: Readonly<Record<string, unknown>>
  /** Why our answers do not follow the rule, and what that means for a client. */
  readonly deviation?: string
}

const OIDC = 'OpenID Connect Discovery'
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const isHttps = (value: unknown): boolean =>
  typeof value === 'string' && /^https:\/\/[^?#]+$/.test(value)
const isJson = ({ status, type }: AnsweredDocument): boolean =>
  status === 200 && type === 'application/json'
const has = (value: unknown, ...members: readonly string[]): boolean =>
  members.every((member) => list(value).includes(member))

/** The rules, in the order of the standards. */
export const DISCOVERY_RULES: readonly DiscoveryRule[] = [
  {
    source: `${OIDC} 3`,
    rule: '`issuer` is an https URL without query and fragment',
    ours: '`ROLLCALL_ISSUER`; http on loopback only',
    holds: ({ openid }) => isHttps(openid.body['issuer']),
    broken: { issuer: 'http://rollcall.test' },
  },
  {
    source: `${OIDC} 3`,
    rule: '`authorization_endpoint` is required',
    ours: 'absent',
    holds: ({ openid }) => isHttps(openid.body['authorization_endpoint']),
    deviation:
      'nobody logs in: instances enroll with evidence. A library that needs the member cannot use this document',
  },
  {
    source: `${OIDC} 3`,
    rule: '`token_endpoint` is required, unless only the implicit flow is used',
    ours: '`/v1/token`',
    holds: ({ openid }) => isHttps(openid.body['token_endpoint']),
  },
  {
    source: `${OIDC} 3`,
    rule: '`jwks_uri` is required and https; it has the signing keys',
    ours: '`/.well-known/jwks.json`; each key has `kid`, `alg` and `use` `sig`',
    holds: ({ openid, keys }) =>
      isHttps(openid.body['jwks_uri']) &&
      keys.length > 0 &&
      keys.every(({ kid, alg, use }) => Boolean(kid) && Boolean(alg) && use === 'sig'),
  },
  {
    source: `${OIDC} 3`,
    rule: '`response_types_supported` is required',
    ours: '`id_token`',
    holds: ({ openid }) => list(openid.body['response_types_supported']).length > 0,
  },
  {
    source: `${OIDC} 3`,
    rule: '`subject_types_supported` is required: `public`, `pairwise`',
    ours: '`public`',
    holds: ({ openid }) => has(openid.body['subject_types_supported'], 'public'),
  },
  {
    source: `${OIDC} 3`,
    rule: '`id_token_signing_alg_values_supported` is required; it names the `alg` of each key',
    ours: 'the `alg` of each published key',
    holds: ({ openid, keys }) =>
      keys.every(({ alg }) =>
        has(openid.body['id_token_signing_alg_values_supported'], String(alg)),
      ),
  },
  {
    source: `${OIDC} 3`,
    rule: '`id_token_signing_alg_values_supported` includes `RS256`',
    ours: '`ES256` as `rollcall keygen` makes the key',
    holds: ({ openid }) => has(openid.body['id_token_signing_alg_values_supported'], 'RS256'),
    deviation:
      'the list names the keys that there are. For a library that only knows RS256, use `rollcall keygen --algorithm RS256`',
  },
  {
    source: `${OIDC} 4.1, 4.2`,
    rule: 'the address is the issuer with `/.well-known/openid-configuration`; 200, `application/json`',
    ours: 'the same',
    holds: ({ openid }) => isJson(openid),
  },
  {
    source: `${OIDC} 4.2`,
    rule: 'a list without elements is left out',
    ours: 'no list is empty',
    holds: ({ openid }) =>
      Object.keys(openid.body).length > 0 &&
      Object.values(openid.body).every((value) => !Array.isArray(value) || value.length > 0),
    broken: { claims_supported: [] },
  },
  {
    source: `${OIDC} 4.3`,
    rule: '`issuer` equals the address before `/.well-known`, and the `iss` of each token',
    ours: 'the same, character for character',
    holds: ({ openid, issuer }) => openid.body['issuer'] === issuer,
    broken: { issuer: 'https://rollcall.test/' },
  },
  {
    source: 'RFC 8414 section 2',
    rule: '`authorization_endpoint` is required, unless no grant type uses it',
    ours: 'absent: token exchange does not use it',
    holds: ({ oauth }) =>
      isHttps(oauth.body['authorization_endpoint']) ||
      (list(oauth.body['grant_types_supported']).length > 0 &&
        !list(oauth.body['grant_types_supported']).some((grant) =>
          has(['authorization_code', 'implicit'], String(grant)),
        )),
    broken: { grant_types_supported: ['authorization_code'] },
  },
  {
    source: 'RFC 8414 section 2',
    rule: '`grant_types_supported` is optional; the default is `authorization_code` and `implicit`',
    ours: 'token exchange (RFC 8693)',
    holds: ({ oauth }) =>
      has(oauth.body['grant_types_supported'], 'urn:ietf:params:oauth:grant-type:token-exchange'),
  },
  {
    source: 'RFC 8414 section 2',
    rule: '`token_endpoint_auth_methods_supported` is optional; the default is `client_secret_basic`',
    ours: '`none`: the token and its proof authenticate the call',
    holds: ({ oauth }) => has(oauth.body['token_endpoint_auth_methods_supported'], 'none'),
  },
  {
    source: 'RFC 8414 section 3',
    rule: '`/.well-known/oauth-authorization-server` is between host and path; 200, `application/json`',
    ours: 'the issuer has no path; the document is the same',
    holds: ({ openid, oauth }) =>
      isJson(oauth) && JSON.stringify(oauth.body) === JSON.stringify(openid.body),
  },
  {
    source: 'RFC 8414 section 3.3',
    rule: '`issuer` equals the address without the inserted part',
    ours: 'the same, character for character',
    holds: ({ oauth, issuer }) => oauth.body['issuer'] === issuer,
  },
  {
    source: 'RFC 9449 section 5.1',
    rule: '`dpop_signing_alg_values_supported` names the `alg` of proofs; neither `none` nor symmetric ones',
    ours: '`ES256`, `RS256`, `EdDSA`, `Ed25519`',
    holds: ({ oauth }) => {
      const algorithms = list(oauth.body['dpop_signing_alg_values_supported'])
      return algorithms.length > 0 && !algorithms.some((alg) => /^(?:none|HS)/.test(String(alg)))
    },
    broken: { dpop_signing_alg_values_supported: ['ES256', 'none'] },
  },
]
