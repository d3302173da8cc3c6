// Traefik with ForwardAuth, as a file of the file provider.

import { addressOf } from '../address.ts'
import { type Recipe, type RecipeValues, defineRecipe } from '../form.ts'
import {
  ASKING_PROXY,
  IDENTITY,
  ASKING_OPTIONS,
  authorizePath,
  proxySteps,
  secretDropIn,
  secretScript,
} from './proxy-secret.ts'

type Values = RecipeValues<
  'certificateFile' | 'host' | 'keyFile' | 'listen' | 'name' | 'secretFile' | 'upstream'
>

const DYNAMIC = '/etc/traefik/dynamic'

/** What Traefik reads at its start: where it listens, and where the other file is. */
const start = ({ listen }: Values): string => `entryPoints:
  rollcall:
    address: '${addressOf(listen).host === undefined ? `:${listen}` : listen}'
providers:
  file:
    directory: ${DYNAMIC}
`

/** A second spelling of the identity, which some frameworks take for the first. */
const underscores = IDENTITY.map((name) => `          X_Rollcall_${name}: ''`).join('\n')

// Each value has a pattern that needs no quotes here, and no braces: Traefik reads the file as a template.
const dynamic = (values: Values): string => {
  const { issuer, host, upstream, certificateFile, keyFile } = values
  return `http:
  middlewares:
    rollcall-secret:
      headers:
        customRequestHeaders:
          X-Rollcall-Proxy: '{{ env "ROLLCALL_PROXY_SECRET" }}'
          # Only Traefik may say these.
          X-Forwarded-Prefix: ''
          X-Original-Url: ''
          X-Original-Uri: ''
          X-Original-Method: ''
          X-Rewrite-Url: ''
          X-Http-Method: ''
          X-Http-Method-Override: ''
          X-Method-Override: ''
          Forwarded: ''
${underscores}
    rollcall:
      forwardAuth:
        address: ${issuer}${authorizePath(values)}
        trustForwardHeader: false
        authRequestHeaders: [Authorization, DPoP, X-Rollcall-Proxy]
        # Removes the client's headers of these names, then copies those of rollcall.
        authResponseHeadersRegex: ^X-Rollcall-
    # The service behind Traefik must not learn the secret and the token.
    rollcall-end:
      headers:
        customRequestHeaders:
          X-Rollcall-Proxy: ''
          Authorization: ''
          DPoP: ''
  routers:
    app:
      rule: Host(\`${host}\`)
      entryPoints: [rollcall]
      service: app
      middlewares: [rollcall-secret, rollcall, rollcall-end]
      tls: {}
  services:
    app:
      loadBalancer:
        servers:
          - url: http://${upstream}
tls:
  certificates:
    - certFile: ${certificateFile}
      keyFile: ${keyFile}
`
}

/** Traefik with ForwardAuth. */
export const traefik: Recipe = defineRecipe({
  name: 'traefik',
  title: 'Traefik with ForwardAuth',
  ran: {
    notRun: 'doc.traefik.io, Traefik 3.7: ForwardAuth, Headers, file provider',
  },
  ...ASKING_PROXY,
  options: {
    ...ASKING_OPTIONS,
    certificateFile: '/etc/traefik/tls/app.pem',
    keyFile: '/etc/traefik/tls/app.key',
    secretFile: '/etc/traefik/rollcall.env',
  },
  page: 'use/caddy.md',
  files: (values) => [
    { path: '/etc/traefik/traefik.yaml', language: 'yaml', text: start(values) },
    { path: `${DYNAMIC}/app.yaml`, language: 'yaml', text: dynamic(values) },
    secretScript(values, 'ROLLCALL_PROXY_SECRET=%s'),
    secretDropIn('traefik', values),
  ],
  steps: (values) =>
    proxySteps(
      values,
      'if you have a traefik.yaml, add the entry point and the file provider to it',
      'put rollcall.conf at its place, or write its two lines with: systemctl edit traefik',
      'systemctl daemon-reload && systemctl restart traefik && journalctl -u traefik -n 20',
      'keep Traefik up to date: CVE-2026-35051 let X-Forwarded-Prefix of a client through',
    ),
})
