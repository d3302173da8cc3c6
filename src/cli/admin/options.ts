// The options that all subcommands share, checked, and made into a client.

import { type Command, InvalidArgumentError, Option } from 'commander'
import { EXIT_HELP, say, usageError } from '../exit-status.ts'
import { type AdminClient, createAdminClient } from './client.ts'
import { defaultOperatorName, loadOperatorKey } from './operator-key.ts'

const DEFAULT_TIMEOUT_SECONDS = 10
const DEFAULT_RETRIES = 4

/** What the shared options say. */
export interface SharedOptions {
  readonly issuer?: string
  readonly key?: string
  readonly operator?: string
  readonly timeout: number
  readonly retries: number
  readonly json?: true
}

/** Reads a whole number. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (/^[0-9]{1,9}$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
  }

/** Adds examples and exit statuses to the help of a subcommand. */
export const addHelp = (command: Command, examples: readonly string[], more = ''): Command =>
  command.addHelpText(
    'after',
    `${more && `\n${more}\n`}\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}\n${EXIT_HELP}`,
  )

/** Adds the shared options to a subcommand. @param json what `--json` prints there */
export const addSharedOptions = (command: Command, json = 'print one JSON document'): Command =>
  command
    .addOption(new Option('--issuer <url>', 'address of the service').env('ROLLCALL_ISSUER'))
    .addOption(
      new Option('--key <file>', "your private key, a JWK or JWKS (made by 'keygen')").env(
        'ROLLCALL_ADMIN_KEY_FILE',
      ),
    )
    .option('--operator <name>', 'who you are, for the audit events (default: user@host)')
    .option('--json', json)
    .option('--timeout <s>', 'limit of one try', wholeNumber(1, 600), DEFAULT_TIMEOUT_SECONDS)
    .option(
      '--retries <n>',
      'how often to try again when the service cannot answer now',
      wholeNumber(0, 20),
      DEFAULT_RETRIES,
    )
    .allowExcessArguments(false)

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/

const checkIssuer = (text: string | undefined): string => {
  if (text === undefined || text === '') {
    throw usageError('which service? Give --issuer https://HOST, or set ROLLCALL_ISSUER')
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.origin !== text) {
    throw usageError(
      '--issuer: expected https://HOST or https://HOST:PORT, in lower case, nothing behind it',
    )
  }
  const secure = url.protocol === 'https:'
  if (!secure && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    throw usageError('--issuer: expected https; http is for this machine only')
  }
  return text
}

const checkOperator = (text: string = defaultOperatorName()): string => {
  if (/^[!-~]{1,128}$/.test(text)) return text
  throw usageError('--operator: expected 1 to 128 characters of ASCII, no spaces')
}

/** Makes the client that the shared options describe. @throws CommandError */
export const clientOf = async (options: SharedOptions): Promise<AdminClient> => {
  const issuer = checkIssuer(options.issuer)
  const operator = checkOperator(options.operator)
  if (options.key === undefined || options.key === '') {
    throw usageError(
      'which key? Give --key FILE, or set ROLLCALL_ADMIN_KEY_FILE; `rollcall admin keygen` makes one',
    )
  }
  const signer = await loadOperatorKey(options.key)
  const { timeout: timeoutSeconds, retries } = options
  return createAdminClient({ issuer, signer, operator, timeoutSeconds, retries, say })
}
