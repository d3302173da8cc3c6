// Envoy with ext_authz over HTTP.

import { usageError } from '../../command-error.ts'
import { type Address, addressOf, isIp } from '../address.ts'
import { type Recipe, type RecipeValues, defineRecipe } from '../form.ts'
import { yaml } from '../quote.ts'
import { hostOfIssuer } from './issuer-rules.ts'
import {
  ASKING_PROXY,
  ASKING_OPTIONS,
  authorizePath,
  proxySteps,
  secretDropIn,
  secretScript,
} from './proxy-secret.ts'

type Values = RecipeValues<
  'caFile' | 'certificateFile' | 'host' | 'keyFile' | 'listen' | 'name' | 'secretFile' | 'upstream'
>

/** Headers of the client that go no further: first here, then where the request leaves. */
const CLIENT = [
  'forwarded',
  'x-real-ip',
  'x-original-url',
  'x-original-uri',
  'x-original-method',
  'x-original-host',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-forwarded-scheme',
  'x-forwarded-ssl',
  'x-rollcall-subject',
  'x-rollcall-instance',
  'x-rollcall-account',
  'x-rollcall-region',
  'x-rollcall-role',
  'x-rollcall-groups',
  'x-rollcall-key',
  'x-rollcall-expires',
  'x-rollcall-proxy',
] as const

const removals = CLIENT.map((name) => `                          - remove: ${name}`).join('\n')

const socket = ({ host = '0.0.0.0', port }: Address): string =>
  `{ socket_address: { address: ${yaml(host)}, port_value: ${port} } }`

/** Where Envoy listens: it looks up no names there. @throws CommandError for a name */
const listener = (listen: string): Address => {
  const address = addressOf(listen)
  if (address.host === undefined || isIp(address.host)) return address
  throw usageError(`--listen: "${listen}": Envoy listens at an IP address; expected IP:PORT`)
}

const cluster = (name: string, address: Address, more = ''): string => `    - name: ${name}
      type: STRICT_DNS
      load_assignment:
        cluster_name: ${name}
        endpoints:
          - lb_endpoints:
              - endpoint: { address: ${socket(address)} }
${more}`

const config = (values: Values): string => {
  const { issuer, host, listen, upstream, certificateFile, keyFile, caFile } = values
  const { port, protocol } = new URL(issuer)
  const secure = protocol === 'https:'
  const asked = { host: hostOfIssuer(values), port: port || (secure ? '443' : '80') }
  // RFC 6066 section 3: SNI is for names.
  const sni = isIp(asked.host) ? '' : `          sni: ${yaml(asked.host)}\n`
  const tls = `      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
${sni}          common_tls_context:
            validation_context:
              trusted_ca: { filename: ${caFile} }
              match_typed_subject_alt_names:
                - { san_type: ${isIp(asked.host) ? 'IP_ADDRESS' : 'DNS'}, matcher: { exact: ${yaml(asked.host)} } }
`
  return `static_resources:
  listeners:
    - name: app
      address: ${socket(listener(listen))}
      filter_chains:
        - transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              '@type': type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
              common_tls_context:
                tls_certificates:
                  - certificate_chain: { filename: ${certificateFile} }
                    private_key: { filename: ${keyFile} }
          filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: app
                use_remote_address: true
                # Some frameworks take an underscore for a dash.
                common_http_protocol_options: { headers_with_underscores_action: DROP_HEADER }
                http_filters:
                  # Removes headers that only a proxy may say, and writes what rollcall asks for.
                  - name: envoy.filters.http.header_mutation
                    typed_config:
                      '@type': type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation
                      mutations:
                        request_mutations:
${removals}
                          - append:
                              header: { key: x-forwarded-method, value: '%REQ(:METHOD)%' }
                              append_action: OVERWRITE_IF_EXISTS_OR_ADD
                          - append:
                              header: { key: x-forwarded-uri, value: '%REQ(:PATH)%' }
                              append_action: OVERWRITE_IF_EXISTS_OR_ADD
                  - name: envoy.filters.http.ext_authz
                    typed_config:
                      '@type': type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
                      transport_api_version: V3
                      # If rollcall is unreachable, nothing gets through.
                      failure_mode_allow: false
                      allowed_headers:
                        patterns:
                          - exact: authorization
                          - exact: dpop
                          - exact: x-forwarded-method
                          - exact: x-forwarded-uri
                      http_service:
                        server_uri: { uri: ${yaml(issuer)}, cluster: rollcall, timeout: 5s }
                        # Not path_prefix: it would append the path and query of the client.
                        path_override: ${yaml(authorizePath(values))}
                        authorization_request:
                          headers_to_add:
                            - { key: x-rollcall-proxy, value: '%ENVIRONMENT(ROLLCALL_PROXY_SECRET)%' }
                        authorization_response:
                          allowed_upstream_headers:
                            patterns:
                              - prefix: x-rollcall-
                          allowed_client_headers:
                            patterns:
                              - exact: www-authenticate
                  - name: envoy.filters.http.router
                    typed_config:
                      '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  virtual_hosts:
                    - name: app
                      domains: [${yaml(host)}, ${yaml(`${host}:*`)}]
                      # Token and proof end here.
                      request_headers_to_remove:
                        [authorization, dpop, x-forwarded-method, x-forwarded-uri, x-rollcall-proxy]
                      routes:
                        - match: { prefix: / }
                          route: { cluster: app, host_rewrite_literal: ${yaml(host)} }
  clusters:
${cluster('app', addressOf(upstream))}${cluster('rollcall', asked, secure ? tls : '')}`
}

/** Envoy with ext_authz. */
export const envoy: Recipe = defineRecipe({
  name: 'envoy',
  title: 'Envoy with ext_authz',
  ran: {
    notRun:
      'the API reference of Envoy v3 and envoyproxy/envoy pull request 43447 (path_override, Envoy 1.38)',
  },
  ...ASKING_PROXY,
  options: {
    ...ASKING_OPTIONS,
    certificateFile: '/etc/envoy/tls/app.pem',
    keyFile: '/etc/envoy/tls/app.key',
    caFile: '/etc/ssl/certs/ca-certificates.crt',
    secretFile: '/etc/envoy/rollcall.env',
  },
  page: 'use/caddy.md',
  files: (values) => [
    { path: '/etc/envoy/envoy.yaml', language: 'yaml', text: config(values) },
    secretScript(values, 'ROLLCALL_PROXY_SECRET=%s'),
    secretDropIn('envoy', values),
  ],
  steps: (values) =>
    proxySteps(
      values,
      'put rollcall.conf at its place, or write its two lines with: systemctl edit envoy',
      'envoy --mode validate -c /etc/envoy/envoy.yaml, with Envoy 1.38 or newer',
      'systemctl daemon-reload && systemctl restart envoy',
      `Envoy asks rollcall with the Host ${values.host}, so rollcall must answer for each Host: put no platform before it that routes by Host`,
    ),
})
