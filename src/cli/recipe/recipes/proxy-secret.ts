// What the recipes of proxies share: the call of /v1/authorize, and a script that makes the secret of a proxy.

import { type RecipeDemands, type RecipeFile, type RecipeValues, hostOfAudience } from '../form.ts'
import { query, sh } from '../quote.ts'

/** Path and query of /v1/authorize: each value is safe in every format. */
export const authorizePath = ({ audience, roles, accounts, regions }: RecipeDemands): string => {
  const parameters = [
    `audience=${query(audience)}`,
    `role=${roles.join(',')}`,
    ...(accounts.length > 0 ? [`account=${accounts.join(',')}`] : []),
    ...(regions.length > 0 ? [`region=${regions.join(',')}`] : []),
  ]
  return `/v1/authorize?${parameters.join('&')}`
}

/** The headers of an identity, without `X-Rollcall-`. */
export const IDENTITY = [
  'Subject',
  'Instance',
  'Account',
  'Region',
  'Role',
  'Groups',
  'Key',
  'Expires',
] as const

/**
 * A script that makes the secret of a proxy, writes it into a file of mode 0600, and prints the entry of
 * ROLLCALL_PROXIES, which has its hash only.
 * @param line what the file has, in which `%s` is the secret
 */
export const secretScript = (
  { audience, host, listen, secretFile }: RecipeValues<'host' | 'listen' | 'secretFile'>,
  line: string,
): RecipeFile => {
  const [port] = listen.split(':').slice(-1)
  const [label = ''] = host.split('.')
  const entry = {
    name: /^[a-z]/.test(label) ? label : 'proxy',
    origin: `https://${host}${port === '443' ? '' : `:${port}`}`,
    secret_sha256: '%s',
    audiences: [audience],
  }
  // printf: a percent sign or backslash of the audience is text.
  const format = JSON.stringify([entry])
    .replaceAll(/[%\\]/g, (char) => char + char)
    .replace('"%%s"', '"%s"')
  return {
    path: 'make-proxy-secret.sh',
    language: 'sh',
    text: `#!/bin/sh
# Makes the secret of this proxy, and prints what ROLLCALL_PROXIES of rollcall needs: the hash of the secret.
set -eu
umask 077
secret=$(openssl rand -hex 32)
hash=$(printf %s "$secret" | sha256sum | cut -d ' ' -f 1)
printf ${sh(`${line}\\n`)} "$secret" > ${sh(secretFile)}
printf ${sh(`${format}\\n`)} "$hash"
`,
  }
}

/** Options of a proxy in front of one service, with their defaults. */
export const PROXY_OPTIONS = {
  host: hostOfAudience,
  listen: '443',
  upstream: '127.0.0.1:9000',
} as const

/** What holds of each proxy that asks `/v1/authorize`. */
export const ASKING_PROXY = {
  ban: 'until its next request',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
} as const

/** The steps of such a proxy: its secret first, its own steps, and a call at the end. */
export const proxySteps = (host: string, ...own: readonly string[]): readonly string[] => [
  'sh make-proxy-secret.sh, as root: it prints the entry for ROLLCALL_PROXIES of rollcall',
  'add the entry to ROLLCALL_PROXIES, and restart rollcall',
  ...own,
  `curl -i -H "Authorization: Bearer $TOKEN" https://${host}/`,
]
