// Configuration: the strings of an environment to what the service is made of. One parser for every
// runtime; all problems are reported at once, and none holds a secret. Nothing that weakens
// security is a default.

import { type Bytes, fromBase64Url } from './base/bytes.ts'
import { parseIssuer } from './config/issuer.ts'
import { FILE, type ServiceName } from './config/names.ts'
import { type Environment, type ReadFile, readValues } from './config/values.ts'
import { emulatedProblem, warningsOf } from './config/warnings.ts'
import { CHALLENGE_KEY_BYTES } from './enroll/challenge-keys.ts'
import { MAX_CHALLENGE_LIFETIME_SECONDS } from './registry/lifetimes.ts'
import { ConfigurationError, InstanceIdentityError } from './base/errors.ts'
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
  readonly readFile?: ReadFile
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
  /** What weakens this deployment, a sentence each, to be shown at start. */
  readonly warnings: readonly string[]
}

const DEFAULT_CHALLENGE_LIFETIME_SECONDS = 120
const DEFAULT_PORT = 8787
const DEFAULT_HOST = '127.0.0.1'

/** A value that was refused; the message says what to write instead. */
const refuse = (message: string): never => {
  throw new ConfigurationError([message])
}

/** A value for a message: a short one cannot be a key that was put into the wrong variable. */
const shown = (text: string): string =>
  /^[\x20-\x7e]{1,16}$/.test(text) ? JSON.stringify(text) : 'the value'

const parseInteger =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (/^[0-9]{1,9}$/.test(text) && value >= min && value <= max) return value
    return refuse(`${shown(text)} is not a whole number from ${min} to ${max}`)
  }

const parseBoolean = (text: string): boolean =>
  text === 'true' || (text !== 'false' && refuse(`${shown(text)} is neither true nor false`))

const parseChallengeKeys = (text: string): Bytes[] =>
  text.split(',').map((part, at) => {
    const key = fromBase64Url(part.trim())
    if (key?.length === CHALLENGE_KEY_BYTES) return key
    return refuse(
      `key ${at + 1} is not ${CHALLENGE_KEY_BYTES} bytes in base64url; separate keys by commas`,
    )
  })

const refuseLedger = (): never =>
  refuse('cannot be set here, because this runtime has a ledger of its own; remove it')

const parseHost = (text: string): string =>
  /^[A-Za-z0-9.:-]+$/.test(text)
    ? text
    : refuse(`${shown(text)} is neither an address nor a host name`)

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
  const values = await readValues(env, runtime.readFile, problems)

  const read = async <Value, Default>(
    name: ServiceName,
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
    name: ServiceName,
    parse: (text: string) => Value | Promise<Value>,
    hint: string,
  ): Promise<Value> => {
    const given = env[name] !== undefined || env[name + FILE] !== undefined
    if (!given) problems.push(`${name}: required; ${hint}`)
    return (await read(name, parse, undefined)) as Value
  }

  const issuer = await demand('ROLLCALL_ISSUER', parseIssuer, 'set the public URL of this service')
  const signingKeys = await demand(
    'ROLLCALL_SIGNING_KEYS',
    parseSigningKeys,
    'set a private JWKS, which `rollcall keygen` makes',
  )
  const policy = await demand(
    'ROLLCALL_POLICY',
    parsePolicy,
    'set the roles: {"roles": {"NAME": {...}}}',
  )
  const anchors = await read('ROLLCALL_TRUST_ANCHORS', parseTrustAnchors, undefined)
  const emulated = issuer && anchors && emulatedProblem(issuer, anchors)
  if (emulated !== undefined) problems.push(emulated)
  const { readLedger, defaultLedger } = runtime
  const ledger =
    readLedger !== undefined && defaultLedger === undefined
      ? await demand(
          'ROLLCALL_LEDGER',
          readLedger,
          'say where state is stored, such as sqlite:PATH',
        )
      : await read('ROLLCALL_LEDGER', readLedger ?? refuseLedger, defaultLedger)
  const challengeLifetimeSeconds = await read(
    'ROLLCALL_CHALLENGE_LIFETIME_SECONDS',
    parseInteger(1, MAX_CHALLENGE_LIFETIME_SECONDS),
    DEFAULT_CHALLENGE_LIFETIME_SECONDS,
  )
  const challengeKeys = await read('ROLLCALL_CHALLENGE_KEYS', parseChallengeKeys, undefined)
  const allowSha1 = await read('ROLLCALL_ALLOW_SHA1', parseBoolean, true)
  const adminKeys = await read('ROLLCALL_ADMIN_KEYS', parseAdminKeys, undefined)
  if (adminKeys !== undefined && signingKeys !== undefined && sharesKey(adminKeys, signingKeys)) {
    problems.push(
      'ROLLCALL_ADMIN_KEYS: has a key that also signs tokens; give operators keys of their own',
    )
  }
  const host = await read('HOST', parseHost, DEFAULT_HOST)
  const port = await read('PORT', parseInteger(0, 65_535), DEFAULT_PORT)
  if (problems.length > 0) throw new ConfigurationError(problems)

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
    warnings: warningsOf({ issuer, ledger, trustAnchors: anchors }),
  }
}
