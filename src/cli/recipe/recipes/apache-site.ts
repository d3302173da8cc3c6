// What the recipes of both Apache modules share: they verify signature and claims, but no header of a token, and leave
// claims out of account that a token lacks. The site checks this by expressions of Apache.

import { usageError } from '../../command-error.ts'
import { addressOf } from '../address.ts'
import type { RecipeDemands, RecipeValues } from '../form.ts'
import { apache } from '../quote.ts'
import { BLANK } from './nginx-identity.ts'
import { PROXY_OPTIONS } from './proxy-secret.ts'

/** Options of both. */
export type ApacheValues = RecipeValues<
  'certificateFile' | 'host' | 'keyFile' | 'listen' | 'upstream'
>

/** Their defaults. */
export const APACHE_OPTIONS = {
  ...PROXY_OPTIONS,
  certificateFile: '/etc/apache2/tls/app.pem',
  keyFile: '/etc/apache2/tls/app.key',
} as const

/** How a module differs. */
interface ApacheModule {
  /** The schemes of `Authorization` that it reads, a regular expression. */
  readonly scheme: string
  /** What the names of its environment variables with claims begin with. */
  readonly claims: string
  /** Its directives of the whole site, indented. */
  readonly site: string
  /** Its directives of the location, indented. */
  readonly location: string
  /** The word of `Require` for its claims. */
  readonly require: string
  /** Lines within `<RequireAll>` that judge `cnf`. */
  readonly binding: string
}

/** `sub` has region and account: acs:ecs:REGION:ACCOUNT:instance/ID. mod_oauth2 reads no member of `ecs`. */
const subject = ({ accounts, regions }: RecipeDemands): readonly string[] => {
  if (accounts.length + regions.length === 0) return []
  const one = (values: readonly string[]): string =>
    values.length === 0 ? '[^:]+' : `(${values.join('|')})`
  return [
    String.raw`unbase64(reqenv('ROLLCALL_PAYLOAD')) =~ /\"sub\":\"acs:ecs:${one(regions)}:${one(accounts)}:instance/`,
  ]
}

const formOf = (values: RecipeDemands): string =>
  [
    String.raw`unbase64(reqenv('ROLLCALL_HEADER')) =~ /\"typ\":\"JWT\"/`,
    String.raw`unbase64(reqenv('ROLLCALL_HEADER')) =~ /\"kid\":\"/`,
    String.raw`unbase64(reqenv('ROLLCALL_HEADER')) !~ /\"crit\":/`,
    String.raw`unbase64(reqenv('ROLLCALL_PAYLOAD')) =~ /\"aud\":\[/`,
    String.raw`unbase64(reqenv('ROLLCALL_PAYLOAD')) =~ /\"exp\":[0-9]/`,
    String.raw`unbase64(reqenv('ROLLCALL_PAYLOAD')) =~ /\"nbf\":([0-9]+)/ && $1 -le reqenv('ROLLCALL_NOW')`,
    ...subject(values),
  ].join(' && \\\n                 ')

const anyOf = (lines: readonly string[]): string =>
  lines.length === 1
    ? `      ${lines[0]}`
    : `      <RequireAny>\n${lines.map((line) => `        ${line}`).join('\n')}\n      </RequireAny>`

const requirements = (values: RecipeDemands, word: string): string => {
  const require = (claim: string): string => `Require ${word} ${apache(claim)}`
  return [
    `      ${require(`iss:${values.issuer}`)}`,
    `      ${require(`aud:${values.audience}`)}`,
    anyOf(values.roles.map((role) => require(`role:${role}`))),
  ].join('\n')
}

/** Characters after which `unbase64()` may read no further: base64url writes some of them with `-` or `_`. */
const checkAudience = ({ audience }: RecipeDemands): void => {
  const [found] = /[~?>]/.exec(audience) ?? []
  if (found === undefined) return
  throw usageError(
    `--audience: ${JSON.stringify(audience)} has ${found}, which Apache cannot hold as text`,
  )
}

const UNSET = [
  'Authorization',
  'DPoP',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Real-IP',
  ...BLANK,
]

// Options have patterns that need no quotes here: `options.ts`.
/** A virtual host that admits requests with a token, and passes them on with the identity. */
export const apacheSite = (values: ApacheValues, module: ApacheModule): string => {
  checkAudience(values)
  const { host, listen, upstream, certificateFile, keyFile } = values
  const claim = (name: string): string => `"%{${module.claims}${name}}e"`
  // Debian's ports.conf has these two; Apache refuses to listen twice.
  const isUsual = ['80', '443'].includes(addressOf(listen).port)
  return `${isUsual ? '' : `Listen ${listen}\n\n`}<VirtualHost ${listen.includes(':') ? listen : `*:${listen}`}>
  ServerName ${host}
  SSLEngine on
  SSLCertificateFile ${certificateFile}
  SSLCertificateKeyFile ${keyFile}

${module.site}

  # The module does not look at the header of a token, and ignores that "exp" is missing or "nbf" is in the future.
  RequestHeader set Rollcall-Now "%t" early
  SetEnvIf Rollcall-Now "^t=([0-9]{10})" ROLLCALL_NOW=$1
  SetEnvIf Authorization "." ROLLCALL_SHOWN
  SetEnvIfNoCase Authorization "^${module.scheme} +([a-z0-9_-]+)\\.([a-z0-9_-]+)\\.[a-z0-9_-]+$" \\
                 ROLLCALL_HEADER=$1 ROLLCALL_PAYLOAD=$2
  SetEnvIfExpr  "${formOf(values)}" ROLLCALL_FORM

  # A client must not name an identity, nor headers for Apache to remove.
  SetEnvIfNoCase ^X[-_]Rollcall[-_] "." ROLLCALL_FORGED
  SetEnvIfNoCase Connection "rollcall" ROLLCALL_FORGED

  <Location "/">
${module.location}
    <RequireAll>
      Require expr "-z reqenv('ROLLCALL_FORGED')"
      # Without a token, the module asks for one.
      Require expr "-z reqenv('ROLLCALL_SHOWN') || -n reqenv('ROLLCALL_FORM')"
${requirements(values, module.require)}
${module.binding}
    </RequireAll>

    # The identity for the service.
    RequestHeader set X-Rollcall-Subject ${claim('sub')}
    RequestHeader set X-Rollcall-Instance ${claim('sub')}
    RequestHeader edit X-Rollcall-Instance "^.*/" ""
    RequestHeader set X-Rollcall-Account ${claim('sub')}
    RequestHeader edit X-Rollcall-Account "^acs:ecs:[^:]*:([^:]*):.*$" "$1"
    RequestHeader set X-Rollcall-Region ${claim('sub')}
    RequestHeader edit X-Rollcall-Region "^acs:ecs:([^:]*):.*$" "$1"
    RequestHeader set X-Rollcall-Role ${claim('role')}
    RequestHeader set X-Rollcall-Expires ${claim('exp')}

    # The token ends here, and what only a proxy may say.
    RequestHeader unset Rollcall-Now
${UNSET.map((name) => `    RequestHeader unset ${name}`).join('\n')}
    RequestHeader set X-Forwarded-Proto https
    ProxyPass http://${upstream}/
  </Location>
</VirtualHost>
`
}
