// Apache with mod_oauth2, for unbound tokens and, in a recipe of its own, for bound tokens with their proofs.

import { type Recipe, defineRecipe } from '../form.ts'
import { apache } from '../quote.ts'
import { APACHE_OPTIONS, type ApacheValues, apacheSite } from './apache-site.ts'
import { callProxy, originOf } from './proxy-secret.ts'

const verify = ({ issuer }: ApacheValues, options: string): string =>
  `    AuthType oauth2
    OAuth2TokenVerify jwks_uri ${apache(`${issuer}/.well-known/jwks.json`)} ${options}`

const CLAIMS = 'OAUTH2_CLAIM_'
/** Without this line the service would get each claim as a header, and the token with them. */
const PASS = '    OAuth2TargetPass headers=off'

const bearerSite = (values: ApacheValues): string =>
  apacheSite(values, {
    scheme: 'Bearer',
    claims: CLAIMS,
    site: '  # The module trusts the CAs of the system: update-ca-certificates adds one of your own.',
    location: `${verify(values, 'verify.exp=required&verify.iat=required')}
    OAuth2AcceptTokenIn header
${PASS}`,
    require: 'oauth2_claim',
    binding: `      # A bound token is no bearer token: the instance has to exchange it first.
      Require expr "-z reqenv('${CLAIMS}cnf')"`,
  })

const boundSite = (values: ApacheValues): string =>
  apacheSite(values, {
    scheme: 'DPoP',
    claims: CLAIMS,
    site: '  # The module trusts the CAs of the system: update-ca-certificates adds one of your own.',
    location: `${verify(values, 'type=dpop&verify.exp=required&verify.iat=required')}
    OAuth2AcceptTokenIn header name=Authorization&type=DPoP
${PASS}`,
    require: 'oauth2_claim',
    binding:
      '      # The module refuses a token without "cnf.jkt", and checks the proof, once each.',
  })

const stepsWith = (call: string): readonly string[] => [
  'apt-get install apache2 libapache2-mod-oauth2',
  'a2enmod ssl headers proxy_http oauth2 && a2ensite app',
  'apachectl configtest && systemctl reload apache2',
  call,
]

const PATH = '/etc/apache2/sites-available/app.conf'

/** What holds of both recipes. */
const MODULE = {
  ran: 'Apache 2.4 and mod_oauth2 3.3',
  ban: 'gets in until its token expires, or some minutes more: the module keeps results',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: APACHE_OPTIONS,
  page: 'use/apache.md',
} as const

/** Apache with mod_oauth2. */
export const apacheOauth2: Recipe = defineRecipe({
  name: 'apache-oauth2',
  title: 'Apache with mod_oauth2',
  ...MODULE,
  files: (values) => [{ path: PATH, language: 'apache', text: bearerSite(values) }],
  steps: (values) => stepsWith(callProxy(values)),
})

/** The same for bound tokens. */
export const apacheOauth2Bound: Recipe = defineRecipe({
  name: 'apache-oauth2-bound',
  title: 'Apache with mod_oauth2, for bound tokens with their proofs',
  ...MODULE,
  files: (values) => [{ path: PATH, language: 'apache', text: boundSite(values) }],
  steps: (values) =>
    stepsWith(`curl -i -H "Authorization: DPoP $TOKEN" -H "DPoP: $PROOF" ${originOf(values)}/`),
})
