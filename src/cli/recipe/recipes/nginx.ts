// nginx with auth_request: nginx asks /v1/authorize about each request.

import { type Recipe, type RecipeValues, defineRecipe } from '../form.ts'
import { requireNamed } from './issuer-rules.ts'
import { passOn, takeIdentity } from './nginx-identity.ts'
import {
  ASKING_PROXY,
  ASKING_OPTIONS,
  authorizePath,
  proxySteps,
  secretScript,
} from './proxy-secret.ts'

type Values = RecipeValues<
  'caFile' | 'certificateFile' | 'host' | 'keyFile' | 'listen' | 'name' | 'secretFile' | 'upstream'
>

// Each value has a pattern that needs no quotes here: `options.ts`.
const server = (values: Values): string => {
  const { host, listen, certificateFile, keyFile, caFile, secretFile } = values
  return `server {
  listen ${listen} ssl;
  server_name ${host};
  ssl_certificate ${certificateFile};
  ssl_certificate_key ${keyFile};

  # For the whole server: a location that you add later is closed, too.
  auth_request /_rollcall;
${takeIdentity('upstream_http')}

  location = /_rollcall {
    internal;
    proxy_pass ${requireNamed(values)}${authorizePath(values)};
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

${passOn(values, 'Token and proof end here.')}
}
`
}

/** nginx with auth_request. */
export const nginx: Recipe = defineRecipe({
  name: 'nginx',
  title: 'nginx with auth_request',
  ran: 'nginx 1.22',
  ...ASKING_PROXY,
  options: {
    ...ASKING_OPTIONS,
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
  steps: (values) => proxySteps(values, 'nginx -t && systemctl reload nginx'),
})
