// Options and arguments that several subcommands share. They are checked, and a client is made of
// them.

import { type Command, InvalidArgumentError } from 'commander'
import { hostname, userInfo } from 'node:os'
import { type OperatorClient, createOperatorClient } from '../../client/index.ts'
import { matchesField } from '../../codec/identity-document.ts'
import { OPERATOR_NAME_PATTERN } from '../../token/operator-keys.ts'
import { usageError } from '../command-error.ts'
import { say } from '../say.ts'
import { wholeNumber } from '../help.ts'
import { optionOrVariable } from '../option-variable.ts'
import { loadPrivateKey } from '../private-key.ts'
import { fetchFor } from '../proxy/proxied-fetch.ts'
import { thisRun } from '../run.ts'
import { checkServiceAddress } from '../service-address.ts'

const DEFAULT_TIMEOUT_SECONDS = 10
const DEFAULT_RETRIES = 4

/** Values of the shared options. */
export interface SharedOptions {
  readonly issuer?: string
  readonly key?: string
  readonly operator?: string
  readonly timeout: number
  readonly retries: number
  readonly json?: true
}

/** Adds the shared options to a subcommand. @param json what `--json` prints there */
export const addSharedOptions = (command: Command, json = 'print one JSON document'): Command =>
  command
    .addOption(optionOrVariable('--issuer <url>', 'address of the service', 'ROLLCALL_ISSUER'))
    .addOption(
      optionOrVariable(
        '--key <file>',
        "your private key, a JWK or JWKS (made by 'keygen')",
        'ROLLCALL_ADMIN_KEY_FILE',
      ),
    )
    .option(
      '--operator <name>',
      'who you are, for the audit events (default: the name of the key, else user@host)',
    )
    .option('--json', json)
    .option('--timeout <s>', 'limit of one try', wholeNumber(1, 600), DEFAULT_TIMEOUT_SECONDS)
    .option(
      '--retries <n>',
      'how often to try again when the service cannot answer now',
      wholeNumber(0, 20),
      DEFAULT_RETRIES,
    )
    .allowExcessArguments(false)

const checkIssuer = (text: string | undefined): string => {
  if (text === undefined || text === '') {
    throw usageError('which service? Give --issuer https://HOST, or set ROLLCALL_ISSUER')
  }
  return checkServiceAddress(text, '--issuer')
}

const checkOperator = (text: string | undefined): string | undefined => {
  if (text === undefined || OPERATOR_NAME_PATTERN.test(text)) return text
  throw usageError('--operator: expected 1 to 128 characters of ASCII, no spaces')
}

const MAX_NAME_LENGTH = 128

const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    // The user has no entry in /etc/passwd, as in many containers.
    return thisRun().env['USER'] ?? `uid-${process.getuid?.() ?? 'unknown'}`
  }
}

/** The operator's name in tokens and audit events if neither an option nor the key gives one: `user@host`. */
const defaultOperator = (): string =>
  `${userName()}@${hostname()}`.replaceAll(/[^!-~]/g, '_').slice(0, MAX_NAME_LENGTH)

/** Makes the client that the shared options describe. @throws CommandError */
export const clientOf = async (options: SharedOptions): Promise<OperatorClient> => {
  const issuer = checkIssuer(options.issuer)
  const operator = checkOperator(options.operator)
  if (options.key === undefined || options.key === '') {
    throw usageError(
      'which key? Give --key FILE, or set ROLLCALL_ADMIN_KEY_FILE; `rollcall admin keygen` makes one',
    )
  }
  const key = await loadPrivateKey(options.key, '--key', '`rollcall admin keygen` makes one')
  const { timeout: timeoutSeconds, retries } = options
  const { signal, timing } = thisRun()
  return createOperatorClient({
    issuer,
    key,
    operator: operator ?? key.name ?? defaultOperator(),
    timeoutSeconds,
    retries,
    fetch: await fetchFor(issuer),
    signal,
    timing,
    onRetry: ({ detail, waitSeconds }) => say(`${detail}; retrying in ${waitSeconds.toFixed(1)} s`),
  })
}

/** Reads an argument that must be like a field of an identity document. */
const fieldArgument =
  (field: string, example: string) =>
  (text: string): string => {
    if (matchesField(field, text)) return text
    throw new InvalidArgumentError(`Expected one like ${example}.`)
  }

export const accountArgument = fieldArgument('owner-account-id', '1234567890123456')
export const regionArgument = fieldArgument('region-id', 'cn-hangzhou')
export const instanceArgument = fieldArgument('instance-id', 'i-bp1abcdefghijklmnopq')
