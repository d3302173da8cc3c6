// Traefik with ForwardAuth, as a file of the file provider.

import { type Recipe, type RecipeValues, defineRecipe } from '../form.ts'
import {
  ASKING_PROXY,
  IDENTITY,
  PROXY_OPTIONS,
  authorizePath,
  proxySteps,
  secretScript,
} from './proxy-secret.ts'

type Values = RecipeValues<'host' | 'listen' | 'secretFile' | 'upstream'>

/** A second spelling of the identity, which some frameworks take for the first. */
const underscores = IDENTITY.map((name) => `          X_Rollcall_${name}: ''`).join('\n')

// Each value has a pattern that needs no quotes here, and no braces: Traefik reads the file as a template.
const dynamic = (values: Values): string => {
  const { issuer, host, upstream } = values
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
      service: app
      middlewares: [rollcall-secret, rollcall, rollcall-end]
      tls: {}
  services:
    app:
      loadBalancer:
        servers:
          - url: http://${upstream}
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
    ...PROXY_OPTIONS,
    secretFile: '/etc/traefik/rollcall.env',
  },
  page: 'use/caddy.md',
  files: (values) => [
    { path: '/etc/traefik/dynamic/app.yaml', language: 'yaml', text: dynamic(values) },
    secretScript(values, 'ROLLCALL_PROXY_SECRET=%s'),
  ],
  steps: ({ host, secretFile }) =>
    proxySteps(
      host,
      `start Traefik with the variable of ${secretFile}, and with the folder of app.yaml as file provider`,
      'keep Traefik up to date: CVE-2026-35051 let X-Forwarded-Prefix of a client through',
    ),
})
