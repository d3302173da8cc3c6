// HAProxy with jwt_verify: HAProxy verifies tokens by itself, with keys that a program fetches each minute.

import { type Recipe, type RecipeValues, defineRecipe } from '../form.ts'
import { haproxy as text, regex } from '../quote.ts'
import { SLOTS, haproxyKeys } from './haproxy-keys.ts'
import { BLANK } from './nginx-identity.ts'
import { PROXY_OPTIONS, callProxy } from './proxy-secret.ts'

type Values = RecipeValues<'certificateFile' | 'host' | 'keysFolder' | 'listen' | 'upstream'>

const PROGRAM = '/etc/haproxy/rollcall-keys.py'

const slots = (folder: string): string =>
  SLOTS.map(
    (slot) =>
      `  http-request set-var(txn.good) var(txn.token),jwt_verify(txn.alg,"${folder}/${slot}.pem") if { var(txn.slot) -m str ${slot} }`,
  ).join('\n')

/** The list of audiences in the text of a token, with this one in it. @throws CommandError that shows the audience */
const audienceList = (audience: string): string => {
  text(audience)
  return text(String.raw`"aud":\[("[^"]*",)*"${regex(JSON.stringify(audience).slice(1, -1))}"`)
}

// `--`: what stands behind it is a value, even if it begins like a flag such as `-m`.
const claimIs = (claim: string, values: readonly string[]): string =>
  values.length === 0
    ? ''
    : `  http-request deny deny_status 403 unless { var(txn.token),jwt_payload_query('$.${claim}') -m str -- ${values.join(' ')} }\n`

const IDENTITY = [
  ['Subject', 'sub'],
  ['Instance', 'ecs.instance_id'],
  ['Account', 'ecs.owner_account_id'],
  ['Region', 'ecs.region_id'],
  ['Role', 'role'],
] as const

const identity = IDENTITY.map(
  ([name, claim]) =>
    `  http-request set-header X-Rollcall-${name} %[var(txn.token),jwt_payload_query('$.${claim}')]`,
).join('\n')

const removed = ['Authorization', 'DPoP', 'X-Real-IP', ...BLANK]
  .map((name) => `  http-request del-header ${name}`)
  .join('\n')

// Options have patterns that need no quotes here: `options.ts`.
const configuration = (values: Values): string => {
  const { issuer, audience, roles, accounts, regions } = values
  const { host, listen, upstream, certificateFile, keysFolder } = values
  return `global
  log stdout format raw local0 notice

defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s

frontend app
  bind ${listen.includes(':') ? listen : `:${listen}`} ssl crt ${certificateFile}

  # A client must not name an identity, nor headers for a proxy to remove.
  http-request del-header ^x[-_]rollcall[-_] -m reg
  http-request deny deny_status 400 if { req.hdr(Connection) -m sub -i rollcall }
  http-request deny deny_status 400 if { req.fhdr_cnt(Authorization) gt 1 }

  # Header and claims of the token. Queries do not read lists, so the text is there, too.
  http-request set-var(txn.token) http_auth_bearer
  http-request set-var(txn.header) var(txn.token),field(1,.),ub64dec
  http-request set-var(txn.payload) var(txn.token),field(2,.),ub64dec
  http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
  http-request set-var(txn.kid) var(txn.token),jwt_header_query('$.kid')
  http-request set-var-fmt(txn.key) "%[var(txn.alg)].%[var(txn.kid)]"
  http-request set-var(txn.slot) var(txn.key),map_str(${keysFolder}/keys.map)
  http-request set-var(txn.now) date()
  http-request set-var(txn.left) var(txn.token),jwt_payload_query('$.exp','int'),sub(txn.now),add(30)
  http-request set-var(txn.early) var(txn.token),jwt_payload_query('$.nbf','int'),sub(txn.now)

  # The signature: first the algorithm, as HAProxy would take a file's name for the secret of HS256.
  http-request deny deny_status 401 unless { var(txn.alg) -m str ES256 RS256 }
  http-request deny deny_status 401 unless { var(txn.slot) -m found }
${slots(keysFolder)}
  http-request deny deny_status 401 unless { var(txn.good) -m int 1 }

  # What kind of token it is, for whom, and how long. A bound token is no bearer token: it has to be exchanged first.
  http-request deny deny_status 401 unless { var(txn.token),jwt_header_query('$.typ') -m str JWT }
  http-request deny deny_status 401 if { var(txn.header) -m sub '"crit":' }
  http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('$.iss') -m str -- ${text(issuer)} }
  http-request deny deny_status 401 unless { var(txn.payload) -m reg -- ${audienceList(audience)} }
  http-request deny deny_status 401 unless { var(txn.left) -m int gt 0 }
  http-request deny deny_status 401 unless { var(txn.early) -m int le 30 }
  http-request deny deny_status 401 if { var(txn.payload) -m sub '"cnf":' }
${claimIs('role', roles)}${claimIs('ecs.owner_account_id', accounts)}${claimIs('ecs.region_id', regions)}
  # The identity for the service. The token ends here, and what only a proxy may say.
${identity}
  http-request set-header X-Rollcall-Expires %[var(txn.token),jwt_payload_query('$.exp','int')]
${removed}
  http-request set-header Host ${host}
  http-request set-header X-Forwarded-Host ${host}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto https
  http-after-response set-header WWW-Authenticate Bearer if { status 401 } !{ res.hdr(WWW-Authenticate) -m found }
  default_backend app

backend app
  server app ${upstream}
`
}

/** HAProxy. */
export const haproxy: Recipe = defineRecipe({
  name: 'haproxy',
  title: 'HAProxy with jwt_verify',
  ran: 'HAProxy 2.6',
  ban: 'gets in until 30 seconds after its token expired',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: {
    ...PROXY_OPTIONS,
    certificateFile: '/etc/haproxy/tls/app.pem',
    keysFolder: '/etc/haproxy/rollcall',
  },
  page: 'use/haproxy.md',
  files: (values) => [
    { path: '/etc/haproxy/haproxy.cfg', language: 'haproxy', text: configuration(values) },
    { path: PROGRAM, language: 'python', text: haproxyKeys(values) },
    {
      path: '/etc/cron.d/rollcall-keys',
      language: 'text',
      text: `* * * * * root /usr/bin/python3 ${PROGRAM} systemctl reload haproxy\n`,
    },
  ],
  steps: (values) => [
    `python3 ${PROGRAM}, once before HAProxy starts: it does not start without the keys`,
    'haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy',
    callProxy(values),
  ],
})
