// The options of recipes: how each is typed, what it means, and which values are accepted.

import type { RecipeOption } from './form.ts'

/** One option. */
export interface OptionForm {
  readonly flags: string
  readonly description: string
  /** What its value matches, beside having no control characters. */
  readonly pattern: RegExp
  /** What is expected, for the message. */
  readonly expected: string
}

const PATH = {
  pattern: /^(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/,
  expected: 'expected an absolute path of letters, digits and . _ -',
} as const

const NAME = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
  expected: 'expected letters, digits, - and _',
} as const

/** The host of a URL. */
const HOST = String.raw`(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?`
const PORT = '[1-9][0-9]{0,4}'

/** All of them. */
export const RECIPE_OPTIONS: Readonly<Record<RecipeOption, OptionForm>> = {
  host: {
    flags: '--host <name>',
    description: 'by which clients reach the proxy (default: the host of the audience)',
    pattern: new RegExp(`^${HOST}$`),
    expected: 'expected a host name such as app.example',
  },
  listen: {
    flags: '--listen <address>',
    description: 'where the proxy listens',
    pattern: new RegExp(`^(?:${HOST}:)?${PORT}$`),
    expected: 'expected PORT or HOST:PORT',
  },
  upstream: {
    flags: '--upstream <address>',
    description: 'HOST:PORT of the service behind the proxy',
    pattern: new RegExp(`^${HOST}:${PORT}$`),
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
    pattern: new RegExp(`^${HOST}$`),
    expected: 'expected a name such as nodes.example',
  },
  mount: { flags: '--mount <name>', description: 'where the auth method is mounted', ...NAME },
  policy: { flags: '--policy <name>', description: 'the policy that nodes get there', ...NAME },
  provider: { flags: '--provider <name>', description: 'the name of the OIDC provider', ...NAME },
  ramAccount: {
    flags: '--ram-account <id>',
    description: 'the account of the RAM role (default: the account of the instances)',
    pattern: /^[0-9]{1,20}$/,
    expected: 'expected the number of an account',
  },
  ramRole: { flags: '--ram-role <name>', description: 'the RAM role that nodes assume', ...NAME },
  node: {
    flags: '--node <template>',
    description: 'the name of a node, made of fields of its identity',
    pattern: /^[a-z0-9._{}-]+$/,
    expected: 'expected a template such as {region_id}.{instance_id}',
  },
}
