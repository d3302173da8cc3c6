// Configuration: the strings of an environment to what the service is made of. One parser for every
// runtime; all problems are reported at once, and none holds a secret. Nothing that weakens
// security is a default.

import { type Bytes, fromBase64Url } from './bytes.ts'
import { CHALLENGE_KEY_BYTES } from './enroll/challenge-keys.ts'
import { MAX_CHALLENGE_LIFETIME_SECONDS } from './enroll/challenge.ts'
import { ConfigurationError, InstanceIdentityError } from './errors.ts'
import type { LedgerConfig } from './ledger/configured.ts'
import { type Policy, parsePolicy } from './policy/policy.ts'
import { type AdminKey, parseAdminKeys, sharesKey } from './token/admin-keys.ts'
import { type SigningKeys, parseSigningKeys } from './token/signing-keys.ts'
import { ALIBABA_CLOUD_TRUST_ANCHORS } from './verify/alibaba-cloud.ts'
import { type TrustAnchor, parseTrustAnchors } from './verify/trust-anchor.ts'

/** What differs from runtime to runtime. */
export interface RuntimeOptions {
  /** Reads `ROLLCALL_LEDGER`. Absent: the runtime has a ledger of its own, and takes no other. */
  readonly readLedger?: (text: string) => LedgerConfig
  /** The ledger where `ROLLCALL_LEDGER` is not set. Absent: it must be set. */
  readonly defaultLedger?: LedgerConfig
  /** Reads the file that a `NAME_FILE` variable names. Absent: there is no file system. */
  readonly readFile?: (path: string) => Promise<string>
}

/** A complete configuration. */
export interface Config {
  /** `https://host[:port]`, exactly as in tokens. */
  readonly issuer: string
  readonly signingKeys: SigningKeys
  readonly policy: Policy
  readonly trustAnchors: readonly TrustAnchor[]
  /** Absent where the runtime has a ledger of its own. */
  readonly ledger: LedgerConfig | undefined
  readonly challengeLifetimeSeconds: number
  /** 32 bytes each; absent: derived from the signing keys. */
  readonly challengeKeys: readonly Bytes[] | undefined
  readonly allowSha1: boolean
  /** Keys of operators; absent: there are no calls of operators. */
  readonly adminKeys: readonly AdminKey[] | undefined
  readonly host: string
  readonly port: number
  /** What weakens this deployment, a line each, to be shown at start. */
  readonly warnings: readonly string[]
}

const NAMES = [
  'ROLLCALL_ISSUER',
  'ROLLCALL_SIGNING_KEYS',
  'ROLLCALL_POLICY',
  'ROLLCALL_TRUST_ANCHORS',
  'ROLLCALL_LEDGER',
  'ROLLCALL_CHALLENGE_LIFETIME_SECONDS',
  'ROLLCALL_CHALLENGE_KEYS',
  'ROLLCALL_ALLOW_SHA1',
  'ROLLCALL_FRESHNESS',
  'ROLLCALL_ADMIN_KEYS',
  'PORT',
  'HOST',
] as const

type Name = (typeof NAMES)[number]
type Environment = Readonly<Record<string, unknown>>

const FILE = '_FILE'
const DEFAULT_CHALLENGE_LIFETIME_SECONDS = 120
const DEFAULT_PORT = 8787
const DEFAULT_HOST = '127.0.0.1'

/** A value that was refused; the message says what to write instead. */
const refuse = (message: string): never => {
  throw new ConfigurationError([message])
}

/** Collects the values of the variables, each as text or from its file. */
const readValues = async (
  env: Environment,
  { readFile }: RuntimeOptions,
  problems: string[],
): Promise<Map<Name, string>> => {
  const values = new Map<Name, string>()
  for (const name of Object.keys(env)) {
    const base = name.endsWith(FILE) ? name.slice(0, -FILE.length) : name
    if (name.startsWith('ROLLCALL_') && !NAMES.some((known) => known === base)) {
      problems.push(`${name}: not known; the names are ${NAMES.join(', ')}`)
    }
  }
  for (const name of NAMES) {
    const value = env[name]
    const path = env[name + FILE]
    if (value !== undefined && path !== undefined) {
      problems.push(`${name}: set together with ${name}${FILE}; keep one of them`)
    } else if (typeof value === 'string' && value !== '') {
      values.set(name, value)
    } else if (typeof path === 'string' && readFile === undefined) {
      problems.push(`${name}${FILE}: there is no file system here; set ${name}`)
    } else if (typeof path === 'string' && readFile !== undefined) {
      const text = await readFile(path).catch(() => undefined)
      if (text === undefined) problems.push(`${name}${FILE}: the file cannot be read`)
      else values.set(name, text.trim())
    } else if (value !== undefined) {
      problems.push(`${name}: ${value === '' ? 'empty; leave it out' : 'expected a text'}`)
    } else if (path !== undefined) {
      problems.push(`${name}${FILE}: expected a path`)
    }
  }
  return values
}

/** Hosts of which no character means anything in a header, in JSON or to a shell. */
const PLAIN_HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])$/
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/

const parseIssuer = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  // An origin that is written as it is parsed: lower case, no default port, nothing behind it.
  if (url === undefined || url.origin !== text || !PLAIN_HOST.test(url.hostname)) {
    return refuse('expected https://HOST or https://HOST:PORT, in lower case, nothing behind it')
  }
  const secure = url.protocol === 'https:'
  if (!secure && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    return refuse('expected https; http is for localhost only')
  }
  return text
}

const parseInteger =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (/^[0-9]{1,9}$/.test(text) && value >= min && value <= max) return value
    return refuse(`expected a whole number from ${min} to ${max}`)
  }

const parseBoolean = (text: string): boolean =>
  text === 'true' || (text !== 'false' && refuse('expected true or false'))

const parseChallengeKeys = (text: string): Bytes[] =>
  text.split(',').map((part) => {
    const key = fromBase64Url(part.trim())
    if (key?.length === CHALLENGE_KEY_BYTES) return key
    return refuse(`expected ${CHALLENGE_KEY_BYTES} bytes each, base64url, comma separated`)
  })

const refuseLedger = (): never => refuse('leave it out: this runtime has a ledger of its own')

const parseFreshness = (text: string): 'challenge' =>
  text === 'challenge' ? text : refuse('this version of rollcall supports "challenge" only')

const parseHost = (text: string): string =>
  /^[A-Za-z0-9.:-]+$/.test(text) ? text : refuse('expected an address or a host name')

/** The lines of a refusal, whichever parser it came from; anything else goes on. */
const problemsOf = (error: unknown): readonly string[] => {
  if (error instanceof ConfigurationError) return error.problems
  if (error instanceof InstanceIdentityError) return [`${error.code}: ${error.message}`]
  throw error
}

/** Where ledgers can be configured, one is. */
interface ParseConfig {
  (
    env: Environment,
    runtime: RuntimeOptions & Required<Pick<RuntimeOptions, 'readLedger'>>,
  ): Promise<Config & { readonly ledger: LedgerConfig }>
  (env: Environment, runtime: RuntimeOptions): Promise<Config>
}

/**
 * Reads the configuration from an environment.
 * @param env variables by name; values that are not text (bindings of Workers) are ignored unless
 *   they have a name of ours
 * @throws ConfigurationError with one line for each problem, the variable's name first
 */
export const parseConfig: ParseConfig = async (
  env: Environment,
  runtime: RuntimeOptions,
): Promise<Config & { readonly ledger: LedgerConfig }> => {
  const problems: string[] = []
  const values = await readValues(env, runtime, problems)

  const read = async <Value, Default>(
    name: Name,
    parse: (text: string) => Value | Promise<Value>,
    missing: Default,
  ): Promise<Value | Default> => {
    const text = values.get(name)
    if (text === undefined) return missing
    try {
      return await parse(text)
    } catch (error) {
      problems.push(...problemsOf(error).map((problem) => `${name}: ${problem}`))
      return missing
    }
  }
  const demand = async <Value>(
    name: Name,
    parse: (text: string) => Value | Promise<Value>,
    hint: string,
  ): Promise<Value> => {
    const given = env[name] !== undefined || env[name + FILE] !== undefined
    if (!given) problems.push(`${name}: required, ${hint}`)
    return (await read(name, parse, undefined)) as Value
  }

  const issuer = await demand('ROLLCALL_ISSUER', parseIssuer, 'the public URL of this service')
  const signingKeys = await demand(
    'ROLLCALL_SIGNING_KEYS',
    parseSigningKeys,
    'a private JWKS; `npm run keygen` makes one',
  )
  const policy = await demand(
    'ROLLCALL_POLICY',
    parsePolicy,
    'the roles: {"roles": {"NAME": {...}}}',
  )
  const anchors = await read('ROLLCALL_TRUST_ANCHORS', parseTrustAnchors, undefined)
  const { readLedger, defaultLedger } = runtime
  const ledger =
    readLedger !== undefined && defaultLedger === undefined
      ? await demand('ROLLCALL_LEDGER', readLedger, 'where to remember, such as sqlite:PATH')
      : await read('ROLLCALL_LEDGER', readLedger ?? refuseLedger, defaultLedger)
  const challengeLifetimeSeconds = await read(
    'ROLLCALL_CHALLENGE_LIFETIME_SECONDS',
    parseInteger(1, MAX_CHALLENGE_LIFETIME_SECONDS),
    DEFAULT_CHALLENGE_LIFETIME_SECONDS,
  )
  const challengeKeys = await read('ROLLCALL_CHALLENGE_KEYS', parseChallengeKeys, undefined)
  const allowSha1 = await read('ROLLCALL_ALLOW_SHA1', parseBoolean, true)
  await read('ROLLCALL_FRESHNESS', parseFreshness, undefined)
  const adminKeys = await read('ROLLCALL_ADMIN_KEYS', parseAdminKeys, undefined)
  if (adminKeys !== undefined && signingKeys !== undefined && sharesKey(adminKeys, signingKeys)) {
    problems.push('ROLLCALL_ADMIN_KEYS: a key that signs tokens; operators need keys of their own')
  }
  const host = await read('HOST', parseHost, DEFAULT_HOST)
  const port = await read('PORT', parseInteger(0, 65_535), DEFAULT_PORT)
  if (problems.length > 0) throw new ConfigurationError(problems)

  const warnings = [
    ...(issuer.startsWith('http:') ? ['the issuer is http: good for this machine only'] : []),
    ...(ledger?.kind === 'memory'
      ? ['the ledger is memory: good for one process, which forgets all when it ends']
      : []),
    ...(anchors
      ? [`${anchors.length} trust anchor(s) replace the certificate of Alibaba Cloud`]
      : []),
  ]
  const trustAnchors = anchors ?? ALIBABA_CLOUD_TRUST_ANCHORS
  return {
    issuer,
    signingKeys,
    policy,
    trustAnchors,
    ledger: ledger as LedgerConfig,
    challengeLifetimeSeconds,
    challengeKeys,
    allowSha1,
    adminKeys,
    host,
    port,
    warnings,
  }
}
