// nginx with auth_request: nginx asks /v1/authorize about each request.

import { type Recipe, type RecipeValues, defineRecipe, hostOfAudience } from '../form.ts'
import { IDENTITY, authorizePath, secretScript } from './proxy-secret.ts'

type Values = RecipeValues<
  'caFile' | 'certificateFile' | 'host' | 'keyFile' | 'listen' | 'secretFile' | 'upstream'
>

/** Headers with which a proxy names a request of its client; the service gets none that the client wrote. */
export const BLANK = [
  'Forwarded',
  'X-Forwarded-Method',
  'X-Forwarded-Uri',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
  'X-Forwarded-Server',
  'X-Forwarded-Scheme',
  'X-Forwarded-Ssl',
  'X-Original-Url',
  'X-Original-Uri',
  'X-Original-Method',
  'X-Original-Host',
  'X-Rewrite-Url',
  'X-HTTP-Method',
  'X-HTTP-Method-Override',
  'X-Method-Override',
]

const sets = IDENTITY.map((name) => name.toLowerCase())
  .map((name) => `  auth_request_set $rollcall_${name} $upstream_http_x_rollcall_${name};`)
  .join('\n')

const identity = IDENTITY.map(
  (name) => `    proxy_set_header X-Rollcall-${name} $rollcall_${name.toLowerCase()};`,
).join('\n')

const blanks = BLANK.map((name) => `    proxy_set_header ${name} "";`).join('\n')

// Each value has a pattern that needs no quotes here: `options.ts`.
const server = (values: Values): string => {
  const { issuer, host, listen, upstream, certificateFile, keyFile, caFile, secretFile } = values
  return `server {
  listen ${listen} ssl;
  server_name ${host};
  ssl_certificate ${certificateFile};
  ssl_certificate_key ${keyFile};

  # For the whole server: a location that you add later is closed, too.
  auth_request /_rollcall;
${sets}

  location = /_rollcall {
    internal;
    proxy_pass ${issuer}${authorizePath(values)};
    proxy_ssl_server_name on;
    proxy_ssl_verify on;
    proxy_ssl_verify_depth 3;
    proxy_ssl_trusted_certificate ${caFile};

    # Of the client's request, rollcall gets these four values and nothing else.
    proxy_pass_request_body off;
    proxy_pass_request_headers off;
    proxy_set_header Content-Length "";
    proxy_set_header Authorization $http_authorization;
    proxy_set_header DPoP $http_dpop;
    proxy_set_header X-Forwarded-Method $request_method;
    proxy_set_header X-Forwarded-Uri $request_uri;
    include ${secretFile};
  }

  location / {
    proxy_pass http://${upstream};

    # The identity, in place of headers of these names that a client sends.
${identity}
    proxy_set_header X-Rollcall-Proxy "";

    # Token and proof end here.
    proxy_set_header Authorization "";
    proxy_set_header DPoP "";

    # What only a proxy may say.
    proxy_set_header Host ${host};
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host ${host};
    proxy_set_header X-Real-IP $remote_addr;
${blanks}
  }
}
`
}

/** nginx with auth_request. */
export const nginx: Recipe = defineRecipe({
  name: 'nginx',
  title: 'nginx with auth_request',
  ran: 'nginx 1.22',
  ban: 'to the next request',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: {
    host: hostOfAudience,
    listen: '443',
    upstream: '127.0.0.1:9000',
    certificateFile: '/etc/nginx/tls/app.pem',
    keyFile: '/etc/nginx/tls/app.key',
    caFile: '/etc/ssl/certs/ca-certificates.crt',
    secretFile: '/etc/nginx/rollcall-secret.conf',
  },
  page: 'use/nginx.md',
  files: (values) => [
    { path: '/etc/nginx/conf.d/app.conf', language: 'nginx', text: server(values) },
    secretScript(values, 'proxy_set_header X-Rollcall-Proxy "%s";'),
  ],
  steps: ({ host }) => [
    'sh make-proxy-secret.sh, as root: it prints the entry for ROLLCALL_PROXIES of rollcall',
    'add the entry to ROLLCALL_PROXIES, and restart rollcall',
    'nginx -t && systemctl reload nginx',
    `curl -i -H "Authorization: Bearer $TOKEN" https://${host}/`,
  ],
})
