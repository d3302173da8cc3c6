// Apache with mod_auth_openidc, as an OAuth 2.0 resource server.

import { type Recipe, type RecipeValues, defineRecipe } from '../form.ts'
import { apache } from '../quote.ts'
import { APACHE_OPTIONS, type ApacheValues, apacheSite } from './apache-site.ts'
import { requireHttps } from './issuer-rules.ts'
import { callProxy } from './proxy-secret.ts'

const site = (values: ApacheValues & RecipeValues<'caFile'>): string =>
  apacheSite(values, {
    scheme: 'Bearer',
    claims: 'OIDC_CLAIM_',
    site: `  OIDCOAuthVerifyJwksUri ${apache(`${requireHttps(values, 'mod_auth_openidc')}/.well-known/jwks.json`)}
  OIDCCABundlePath ${values.caFile}
  OIDCOAuthAcceptTokenAs header
  OIDCOAuthRemoteUserClaim sub
  OIDCPassClaimsAs environment`,
    location: '    AuthType oauth20',
    require: 'claim',
    binding: `      # A bound token is no bearer token: the instance has to exchange it first.
      <RequireNone>
        Require claim "cnf.jkt~."
        Require claim "cnf.x5t#S256~."
      </RequireNone>`,
  })

/** Apache with mod_auth_openidc. */
export const apacheOpenidc: Recipe = defineRecipe({
  name: 'apache-openidc',
  title: 'Apache with mod_auth_openidc',
  ran: 'Apache 2.4 and mod_auth_openidc 2.4.12',
  ban: 'gets in until its token expires',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: {
    ...APACHE_OPTIONS,
    caFile: '/etc/ssl/certs/ca-certificates.crt',
  },
  page: 'use/apache.md',
  files: (values) => [
    { path: '/etc/apache2/sites-available/app.conf', language: 'apache', text: site(values) },
  ],
  steps: (values) => [
    'apt-get install apache2 libapache2-mod-auth-openidc',
    'a2enmod ssl headers proxy_http auth_openidc && a2ensite app',
    'apachectl configtest && systemctl reload apache2',
    callProxy(values),
  ],
})
