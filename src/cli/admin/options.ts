// The options that all subcommands share, checked, and made into a client.

import type { Command } from 'commander'
import { OPERATOR_NAME_PATTERN } from '../../token/admin-keys.ts'
import { say, usageError } from '../exit-status.ts'
import { wholeNumber } from '../help.ts'
import { optionOrVariable } from '../option-variable.ts'
import { checkServiceAddress } from '../service-address.ts'
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

/** Makes the client that the shared options describe. @throws CommandError */
export const clientOf = async (options: SharedOptions): Promise<AdminClient> => {
  const issuer = checkIssuer(options.issuer)
  const operator = checkOperator(options.operator)
  if (options.key === undefined || options.key === '') {
    throw usageError(
      'which key? Give --key FILE, or set ROLLCALL_ADMIN_KEY_FILE; `rollcall admin keygen` makes one',
    )
  }
  const { signer, name } = await loadOperatorKey(options.key)
  const { timeout: timeoutSeconds, retries } = options
  return createAdminClient({
    issuer,
    signer,
    operator: operator ?? name ?? defaultOperatorName(),
    timeoutSeconds,
    retries,
    say,
  })
}
