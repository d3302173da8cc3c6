// The options of recipes: how each is typed, what it means, and which values are accepted.

import { isHost, parseAddress } from './address.ts'
import type { RecipeOption } from './form.ts'

/** One option. */
export interface OptionForm {
  readonly flags: string
  readonly description: string
  /** Whether a value is accepted; it has no control characters. */
  readonly accepts: (value: string) => boolean
  /** What is expected, for the message. */
  readonly expected: string
}

const matches =
  (pattern: RegExp) =>
  (value: string): boolean =>
    pattern.test(value)

const PATH = {
  accepts: matches(/^(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/),
  expected: 'expected an absolute path of letters, digits and . _ -',
} as const

const NAME = {
  accepts: matches(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/),
  expected: 'expected letters, digits, - and _',
} as const

/** As `ROLLCALL_PROXIES` has it. */
const PROXY_NAME = /^[a-z][a-z0-9-]{0,62}$/

/** All of them. */
export const RECIPE_OPTIONS: Readonly<Record<RecipeOption, OptionForm>> = {
  // First: defaults of others depend on it.
  host: {
    flags: '--host <name>',
    description: 'by which clients reach the proxy (default: the host of the audience)',
    accepts: isHost,
    expected: 'expected a host name such as app.example',
  },
  name: {
    flags: '--name <name>',
    description: 'of the proxy in ROLLCALL_PROXIES, its own (default: the first label of the host)',
    accepts: matches(PROXY_NAME),
    expected: 'expected a lower-case letter, then letters, digits and -; at most 63',
  },
  listen: {
    flags: '--listen <address>',
    description: 'PORT or HOST:PORT where the proxy listens (default: the port of the audience)',
    accepts: (value) => parseAddress(value) !== undefined,
    expected: 'expected PORT or HOST:PORT such as 127.0.0.1:8443',
  },
  upstream: {
    flags: '--upstream <address>',
    description: 'HOST:PORT of the service behind the proxy',
    accepts: (value) => parseAddress(value)?.host !== undefined,
    expected: 'expected HOST:PORT such as 127.0.0.1:9000',
  },
  certificateFile: {
    flags: '--certificate-file <path>',
    description: 'the TLS certificate of the proxy, PEM',
    ...PATH,
  },
  keyFile: { flags: '--key-file <path>', description: 'the key of that certificate', ...PATH },
  caFile: {
    flags: '--ca-file <path>',
    description: 'the CAs that the issuer is checked by, PEM',
    ...PATH,
  },
  secretFile: {
    flags: '--secret-file <path>',
    description: 'where the secret of the proxy is kept',
    ...PATH,
  },
  keysFolder: {
    flags: '--keys-folder <path>',
    description: 'where the public keys of the issuer are kept',
    ...PATH,
  },
  templateFile: {
    flags: '--template-file <path>',
    description: 'where the template of certificates is kept',
    ...PATH,
  },
  trustDomain: {
    flags: '--trust-domain <name>',
    description: 'the SPIFFE trust domain of certificates',
    accepts: isHost,
    expected: 'expected a name such as nodes.example',
  },
  mount: { flags: '--mount <name>', description: 'where the auth method is mounted', ...NAME },
  policy: { flags: '--policy <name>', description: 'the policy that nodes get there', ...NAME },
  provider: { flags: '--provider <name>', description: 'the name of the OIDC provider', ...NAME },
  ramAccount: {
    flags: '--ram-account <id>',
    description: 'the account of the RAM role (default: the account of the instances)',
    accepts: matches(/^[0-9]{1,20}$/),
    expected: 'expected the number of an account',
  },
  ramRole: { flags: '--ram-role <name>', description: 'the RAM role that nodes assume', ...NAME },
  node: {
    flags: '--node <template>',
    description: 'the name of a node, made of fields of its identity',
    accepts: matches(/^[a-z0-9._{}-]+$/),
    expected: 'expected a template such as {region_id}.{instance_id}',
  },
}
