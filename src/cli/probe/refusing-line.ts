// The line of a recipe that refuses a bad token. The marks are parts of the lines, so a line that changes is found by
// the tests.

import type { BadTokenName } from './bad-tokens.ts'
import { checkOf } from './bad-tokens.ts'
import type { Check } from './checks.ts'
import { fillRecipe } from '../recipe/fill.ts'
import { RECIPES } from '../recipe/recipes/index.ts'
import type { RefusingLine } from './report.ts'
import type { ShotName } from './shots.ts'

/** Parts of lines, by the bad token, else by its check, else for everything. */
type Marks = Readonly<Partial<Record<Check | BadTokenName | 'everything', string>>>

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
}

/** Marks of the recipes that were run. */
export const MARKS: Readonly<Record<string, Marks>> = {
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
    everything: 'jwt.decode(',
  },
  'go-oidc': {
    algorithm: 'SupportedSigningAlgs:',
    audience: 'ClientID:',
    type: 'header.Typ',
    'no kid': 'header.Kid',
    binding: 'found.Cnf',
    role: 'roles[found.Role]',
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
    everything: '"oidc_discovery_url"',
  },
}

const OTHER_TYPES = ["typ of an operator's token", 'typ of a proof'] as const
const LENIENT = ['aud as text', 'a claim twice'] as const

/** The bad tokens that a recipe admits, since its program has nothing that refuses them. */
export const ADMITS: Readonly<Record<string, readonly BadTokenName[]>> = {
  'nginx-njs': ['a claim twice'],
  'apache-openidc': ['a claim twice'],
  'apache-oauth2': ['a claim twice'],
  'step-ca': OTHER_TYPES,
  vault: [...LENIENT, 'no exp', 'no kid', ...OTHER_TYPES],
  pyjwt: LENIENT,
  'go-oidc': LENIENT,
  jose: LENIENT,
  'express-oauth2-jwt-bearer': LENIENT,
}

const lineWith = (text: string, mark: string): string | undefined =>
  text
    .split('\n')
    .find((line) => line.includes(mark))
    ?.trim()

/** What was typed for the recipe. */
interface Asked {
  readonly recipe?: string | undefined
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
  readonly role?: string | undefined
}

const markOf = (marks: Marks, name: ShotName): string | undefined => {
  if (name === 'no token' || name === 'not a token') return marks.everything
  return marks[name] ?? marks[checkOf(name)] ?? marks.everything
}

/**
 * Says which line of a recipe refuses a token, with its file, or that none does; nothing without a recipe, or for one
 * without marks.
 * @throws CommandError if the recipe does not take the values
 */
export const refusingLine = ({ recipe: name, issuer, audience, role }: Asked): RefusingLine => {
  const recipe = RECIPES.find((it) => it.name === name)
  const marks = MARKS[name ?? '']
  if (recipe === undefined || marks === undefined) return () => undefined
  const values = fillRecipe(recipe, { issuer, audience, role: role === undefined ? [] : [role] })
  const files = recipe.files(values)
  return (token) => {
    if ((ADMITS[recipe.name] as readonly ShotName[] | undefined)?.includes(token) === true) {
      return `the recipe ${recipe.name} admits it, too, since its program cannot refuse it`
    }
    const mark = markOf(marks, token)
    if (mark === undefined) return undefined
    for (const { path, text } of files) {
      const line = lineWith(text, mark)
      if (line !== undefined)
        return `the recipe ${recipe.name} refuses it by this line of ${path}: ${line}`
    }
    return undefined
  }
}
