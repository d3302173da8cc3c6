// Parts of the lines of recipes that refuse bad tokens. A test looks for each of them, so it finds a line that changed.

import type { BadTokenName } from './bad-tokens.ts'
import type { Check } from './checks.ts'

/** Most programs read the last of two equal claims, so the line about the role refuses this token. */
const YOURS_FIRST = 'a claim twice, yours first'

/** Parts of lines, by the bad token, else by its check, else for everything. */
export type Marks = Readonly<Partial<Record<Check | BadTokenName | 'everything', string>>>

const FORWARD_AUTH: Marks = { audience: 'audience=', role: 'role=' }

const OWN_LIBRARY: Marks = {
  everything: 'createTokenVerifier({',
  audience: 'audience',
  role: 'roles',
}

const APACHE: Marks = {
  issuer: 'iss:',
  audience: 'aud:',
  'aud as text': String.raw`\"aud\":\[/`,
  time: String.raw`\"exp\":[0-9]`,
  'nbf in half an hour': String.raw`\"nbf\":`,
  type: String.raw`\"typ\":`,
  key: String.raw`\"kid\":`,
  critical: String.raw`\"crit\":`,
  role: 'role:',
  [YOURS_FIRST]: 'role:',
}

/** Marks of the recipes that were run. */
export const MARKS = {
  nginx: { ...FORWARD_AUTH, everything: 'auth_request /_rollcall;' },
  caddy: { ...FORWARD_AUTH, everything: 'forward_auth ' },
  hono: OWN_LIBRARY,
  express: OWN_LIBRARY,
  'node-http': OWN_LIBRARY,
  fetch: OWN_LIBRARY,
  jose: {
    algorithm: 'algorithms:',
    audience: 'audience,',
    issuer: 'issuer,',
    time: 'clockTolerance:',
    'no exp': 'requiredClaims:',
    type: "typ: 'JWT'",
    'no kid': 'protectedHeader.kid',
    binding: "'cnf' in payload",
    role: 'roles.includes(role)',
    [YOURS_FIRST]: 'roles.includes(role)',
    everything: 'await jwtVerify(',
  },
  'express-oauth2-jwt-bearer': {
    audience: 'audience:',
    issuer: 'issuerBaseURL:',
    time: 'clockTolerance:',
    type: 'typ: (typ',
    'no kid': 'typ: (typ',
    binding: 'cnf: (cnf)',
    role: 'roles.includes(',
    [YOURS_FIRST]: 'roles.includes(',
    everything: 'auth({',
  },
  pyjwt: {
    algorithm: 'algorithms=',
    audience: 'audience=',
    issuer: 'issuer=',
    time: 'leeway=',
    'no exp': '"require"',
    type: 'header.get("typ")',
    critical: '"crit" in header',
    binding: '"cnf" in claims',
    role: 'claims["role"] not in',
    [YOURS_FIRST]: 'claims["role"] not in',
    everything: 'jwt.decode(',
  },
  'go-oidc': {
    algorithm: 'SupportedSigningAlgs:',
    audience: 'ClientID:',
    type: 'header.Typ',
    'no kid': 'header.Kid',
    binding: 'found.Cnf',
    role: 'roles[found.Role]',
    [YOURS_FIRST]: 'roles[found.Role]',
    everything: 'verifier.Verify(',
  },
  'nginx-njs': {
    algorithm: 'algorithm === null',
    audience: 'claims.aud',
    'aud as text': 'claims.aud',
    issuer: 'claims.iss',
    time: 'claims.exp',
    'nbf in half an hour': 'claims.nbf',
    type: 'header.typ',
    critical: "'crit' in header",
    key: 'key.kid === header.kid',
    signature: 'crypto.subtle.verify(',
    binding: "'cnf' in claims",
    role: 'ROLES.indexOf(',
    [YOURS_FIRST]: 'ROLES.indexOf(',
    everything: 'auth_request ',
  },
  'apache-openidc': { ...APACHE, binding: '"cnf.', everything: 'AuthType oauth20' },
  'apache-oauth2': { ...APACHE, binding: 'OAUTH2_CLAIM_cnf', everything: 'AuthType oauth2' },
  haproxy: {
    algorithm: 'unless { var(txn.alg)',
    key: 'unless { var(txn.slot)',
    signature: 'unless { var(txn.good)',
    type: "jwt_header_query('$.typ')",
    critical: '\'"crit":\'',
    issuer: "jwt_payload_query('$.iss')",
    audience: 'var(txn.payload) -m reg',
    'aud as text': 'var(txn.payload) -m reg',
    time: 'var(txn.left) -m int',
    'nbf in half an hour': 'var(txn.early) -m int',
    binding: '\'"cnf":\'',
    role: "jwt_payload_query('$.role') -m str",
    // HAProxy reads the first of two equal members.
    'a claim twice': "jwt_payload_query('$.role') -m str",
    everything: 'unless { var(txn.good)',
  },
  'step-ca': {
    audience: '"clientID"',
    issuer: '"configurationEndpoint"',
    'no exp': '.Token.exp',
    'aud as text': '.Token.aud',
    binding: '.Token.cnf',
    role: '.Token.role',
    everything: '"OIDC"',
  },
  vault: {
    algorithm: '"jwt_supported_algs"',
    issuer: '"bound_issuer"',
    audience: '"bound_audiences"',
    time: '"expiration_leeway"',
    'nbf in half an hour': '"not_before_leeway"',
    binding: '"cnf"',
    role: '"role": [',
    [YOURS_FIRST]: '"role": [',
    everything: '"oidc_discovery_url"',
  },
} as const satisfies Readonly<Record<string, Marks>>

/** A recipe whose lines are known. */
export type MarkedRecipe = keyof typeof MARKS

/** Their names. */
export const MARKED_RECIPES = Object.keys(MARKS) as MarkedRecipe[]

const OTHER_TYPES = ["typ of an operator's token", 'typ of a proof'] as const
const LENIENT = ['aud as text', 'a claim twice'] as const

/** The bad tokens that a recipe admits, since its program has nothing that refuses them. */
export const ADMITS: Readonly<Partial<Record<MarkedRecipe, readonly BadTokenName[]>>> = {
  'nginx-njs': ['a claim twice'],
  haproxy: [YOURS_FIRST],
  'apache-openidc': ['a claim twice'],
  'apache-oauth2': ['a claim twice'],
  'step-ca': OTHER_TYPES,
  vault: [...LENIENT, 'no exp', 'no kid', ...OTHER_TYPES],
  pyjwt: LENIENT,
  'go-oidc': LENIENT,
  jose: LENIENT,
  'express-oauth2-jwt-bearer': LENIENT,
}
