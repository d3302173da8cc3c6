// What the recipes of proxies share: the call of /v1/authorize, and a script that makes the secret of a proxy.

import { addressOf } from '../address.ts'
import {
  type RecipeDemands,
  type RecipeFile,
  type RecipeValues,
  hostOfAudience,
  portOfAudience,
} from '../form.ts'
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

/** The address by which clients reach a proxy that listens for them itself, as `ROLLCALL_PROXIES` has it. */
export const originOf = ({ host, listen }: RecipeValues<'host' | 'listen'>): string => {
  const { port } = addressOf(listen)
  return `https://${host}${port === '443' ? '' : `:${port}`}`
}

type SecretValues = RecipeValues<'host' | 'listen' | 'name' | 'secretFile'>

/**
 * A script that makes the secret of a proxy, writes it into a new file of mode 0600, and prints the object for
 * ROLLCALL_PROXIES, which has its hash only. It never writes over a secret: the proxy that sends it would be refused.
 * @param line what the file has, in which `%s` is the secret
 */
export const secretScript = (values: SecretValues, line: string): RecipeFile => {
  const { audience, name, secretFile } = values
  const entry = { name, origin: originOf(values), secret_sha256: '%s', audiences: [audience] }
  // printf: a percent sign or backslash of the audience is text.
  const format = JSON.stringify(entry)
    .replaceAll(/[%\\]/g, (char) => char + char)
    .replace('"%%s"', '"%s"')
  return {
    path: 'make-proxy-secret.sh',
    language: 'sh',
    text: `#!/bin/sh
# Makes the secret of this proxy, and prints its object for ROLLCALL_PROXIES of rollcall: with the hash of the secret.
set -eu
umask 077
file=${sh(secretFile)}
if [ -e "$file" ] || [ -L "$file" ]; then
  echo "$file exists, and may hold the secret of a running proxy. Move it away, and run this again." >&2
  exit 1
fi
secret=$(openssl rand -hex 32)
hash=$(printf %s "$secret" | sha256sum)
# Never into a file that another process has made since.
set -C
printf ${sh(`${line}\\n`)} "$secret" > "$file"
printf ${sh(`${format}\\n`)} "\${hash%% *}"
`,
  }
}

/** The lines that give a systemd service the secret of its proxy. */
export const secretDropIn = (
  unit: string,
  { secretFile }: Pick<SecretValues, 'secretFile'>,
): RecipeFile => ({
  path: `/etc/systemd/system/${unit}.service.d/rollcall.conf`,
  language: 'ini',
  text: `[Service]\nEnvironmentFile=${secretFile}\n`,
})

/** Options of a proxy in front of one service, with their defaults. */
export const PROXY_OPTIONS = {
  host: hostOfAudience,
  listen: portOfAudience,
  upstream: '127.0.0.1:9000',
} as const

/** The first label of the host. */
const nameOfHost = ({ host = '' }: { readonly host?: string }): string => {
  const [label = ''] = host.split('.')
  return /^[a-z]/.test(label) ? label : 'proxy'
}

/** Options of one that has a secret. */
export const ASKING_OPTIONS = { ...PROXY_OPTIONS, name: nameOfHost } as const

/** What holds of each proxy that asks `/v1/authorize`. */
export const ASKING_PROXY = {
  ban: 'is refused at its next request',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
} as const

/** The call at the end of the steps of a proxy. */
export const callProxy = (values: RecipeValues<'host' | 'listen'>): string =>
  `curl -i -H "Authorization: Bearer $TOKEN" ${originOf(values)}/`

/** The steps of a proxy that asks: its secret first, its own steps, and a call at the end. */
export const proxySteps = (
  values: RecipeValues<'host' | 'listen' | 'name'>,
  ...own: readonly string[]
): readonly string[] => [
  'sh make-proxy-secret.sh, as root: it makes the secret, and prints an object with its hash',
  `add this object to the array ROLLCALL_PROXIES, and restart rollcall; if it has a proxy ${values.name}, choose another --name`,
  ...own,
  callProxy(values),
]
