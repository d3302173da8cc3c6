// nginx with njs: nginx verifies tokens by itself, with the keys that it fetches from rollcall.

import { type Recipe, type RecipeValues, defineRecipe } from '../form.ts'
import { requireNamed } from './issuer-rules.ts'
import { passOn, takeIdentity } from './nginx-identity.ts'
import { njsProgram } from './njs-program.ts'
import { PROXY_OPTIONS, callProxy } from './proxy-secret.ts'

type Values = RecipeValues<
  'caFile' | 'certificateFile' | 'host' | 'keyFile' | 'listen' | 'upstream'
>

const PROGRAM = '/etc/nginx/rollcall.js'

// Each value has a pattern that needs no quotes here: `options.ts`.
const server = (values: Values): string => {
  const { host, listen, certificateFile, keyFile, caFile } = values
  return `js_import rollcall from ${PROGRAM};
proxy_cache_path /var/cache/nginx/rollcall keys_zone=rollcall:64k max_size=1m inactive=1d;

server {
  listen ${listen} ssl;
  server_name ${host};
  ssl_certificate ${certificateFile};
  ssl_certificate_key ${keyFile};

  # For the whole server: a location that you add later is closed, too.
  auth_request /_rollcall;
${takeIdentity('sent_http')}
  auth_request_set $rollcall_challenge $sent_http_www_authenticate;
  add_header WWW-Authenticate $rollcall_challenge always;

  location = /_rollcall {
    internal;
    js_content rollcall.authorize;
  }

  # The keys, kept as long as rollcall allows, and longer while it is unreachable.
  location = /_rollcall_keys {
    internal;
    proxy_pass ${requireNamed(values)}/.well-known/jwks.json;
    proxy_method GET;
    proxy_pass_request_body off;
    proxy_pass_request_headers off;
    proxy_set_header Content-Length "";
    proxy_ssl_server_name on;
    proxy_ssl_verify on;
    proxy_ssl_verify_depth 3;
    proxy_ssl_trusted_certificate ${caFile};
    proxy_cache rollcall;
    proxy_cache_key keys;
    proxy_cache_lock on;
    proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;
    subrequest_output_buffer_size 64k;
  }

${passOn(values, 'The token ends here.')}
}
`
}

/** nginx with njs. */
export const nginxNjs: Recipe = defineRecipe({
  name: 'nginx-njs',
  title: 'nginx with njs',
  ran: 'nginx 1.22 and njs 0.7.9',
  ban: 'gets in until 30 seconds after its token expired',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: {
    ...PROXY_OPTIONS,
    certificateFile: '/etc/nginx/tls/app.pem',
    keyFile: '/etc/nginx/tls/app.key',
    caFile: '/etc/ssl/certs/ca-certificates.crt',
  },
  page: 'use/nginx.md',
  files: (values) => [
    { path: '/etc/nginx/conf.d/app.conf', language: 'nginx', text: server(values) },
    { path: PROGRAM, language: 'js', text: njsProgram(values) },
  ],
  steps: (values) => [
    'apt-get install nginx libnginx-mod-http-js',
    'nginx -t && systemctl reload nginx',
    callProxy(values),
  ],
})
