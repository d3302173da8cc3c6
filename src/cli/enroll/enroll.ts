// `rollcall enroll`: shows this instance's identity to a service, and gets an enrollment token.

import type { Command } from 'commander'
import {
  type EnrollOptions,
  type RenewalFailure,
  type Retry,
  enrollInstance,
  renewEnrollment,
} from '../../client/index.ts'
import { attemptsUpTo } from '../../metadata/patience.ts'
import { ROLE_PATTERN } from '../../policy/policy.ts'
import { attemptsOption } from '../attempts-option.ts'
import { cleanUpOnSignals } from '../cleanup.ts'
import { endingOf, usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { NETWORK_HELP, addMoreHelp } from '../help.ts'
import { type MetadataOptions, addMetadataOptions, metadataClientOf } from '../metadata-options.ts'
import { optionOrVariable } from '../option-variable.ts'
import { fetchFor } from '../proxy/proxied-fetch.ts'
import { thisRun } from '../run.ts'
import { say } from '../say.ts'
import { checkServiceAddress } from '../service-address.ts'
import { checkIsApart, checkOut } from '../token-out.ts'
import { deliver } from './deliver.ts'
import { loadDpopKey } from './dpop-key.ts'

interface Options extends MetadataOptions {
  readonly role?: string
  readonly resource?: string
  readonly dpopKey?: string
  readonly out?: string
  readonly exec?: string
  readonly renew?: true
  readonly attempts: number
  readonly json?: true
}

/** A role to ask for; empty means no role. @throws CommandError */
export const checkRole = (role: string | undefined): string | undefined => {
  if (role === undefined || role === '') return undefined
  if (ROLE_PATTERN.test(role)) return role
  throw usageError('--role: expected a-z, then a-z, 0-9 and -')
}

const sayRetry =
  (issuer: string) =>
  ({ detail, waitSeconds }: Retry): void =>
    say(
      waitSeconds === 0
        ? `${detail}; starting over with a new one`
        : `${issuer}: ${detail}; retrying in ${waitSeconds.toFixed(1)} s`,
    )

const sayFailure = ({ error, waitSeconds, expiresInSeconds }: RenewalFailure): void => {
  const token =
    expiresInSeconds > 0
      ? `the token is valid for ${expiresInSeconds} s more`
      : 'the token has expired'
  say(`${endingOf(error).message}\n${token}; retrying in ${waitSeconds.toFixed(1)} s`)
}

const readOptions = async (url: string, options: Options): Promise<EnrollOptions> => {
  const issuer = checkServiceAddress(url, 'URL')
  const { resource, attempts, dpopKey: file } = options
  const { signal, timing } = thisRun()
  const role = checkRole(options.role)
  const metadata = metadataClientOf(options, { attempts: attemptsUpTo(attempts) })
  return {
    issuer,
    role,
    resource,
    metadata,
    attempts,
    onRetry: sayRetry(issuer),
    fetch: await fetchFor(issuer),
    signal,
    timing,
    dpopKey: file === undefined ? undefined : await loadDpopKey(file, metadata),
  }
}

const enroll = async (url: string, options: Options): Promise<void> => {
  const { renew, exec, json } = options
  if (exec === '') throw usageError('--exec: expected a command')
  checkIsApart(options.out, options.dpopKey, '--dpop-key', 'the key')
  const out = checkOut(options.out)
  if (renew && out === undefined && exec === undefined) {
    throw usageError('--renew: give --out FILE or --exec CMD, to say where the tokens go')
  }
  const enrollment = await readOptions(url, options)
  const cleanup = cleanUpOnSignals(renew ? () => EXIT.done : undefined)
  const delivery = { out, exec, json, cleanup }
  if (!renew) return deliver(await enrollInstance(enrollment), delivery)
  await renewEnrollment({
    ...enrollment,
    onToken: (enrolled, { due }) => deliver(enrolled, { ...delivery, due }),
    // The token itself is valid.
    onTokenError: (error) => {
      if (enrollment.signal?.aborted !== true) say(endingOf(error).message)
    },
    onFailure: sayFailure,
  })
}

const MORE = `URL must equal ROLLCALL_ISSUER of the service exactly: a challenge that names another service is not
signed. Temporary failures are retried, with the same challenge and evidence until the challenge expires.

--exec runs CMD in sh for each token; ROLLCALL_TOKEN_FILE names the file of the token. Without --out
that is a temporary file, which is removed when CMD has ended.

--renew keeps running and gets the next token at two thirds of the lifetime, also after the machine was
suspended. CMD is stopped when the next token is due. The first enrollment must succeed. Later failures
are shown and retried: a refusal after at most ten minutes, because an operator can lift it, and any other
failure after at most a minute. If the role does not let this instance enroll again, the command ends
with 6 after it has delivered the token. SIGTERM ends it with 0.

${NETWORK_HELP}`

/** Adds the subcommand. */
export const addEnroll = (program: Command): void => {
  const command = program
    .command('enroll')
    .description('Show the identity of this instance to a service and get its enrollment token.')
    .argument('<URL>', 'the service, https://HOST')
    .addOption(optionOrVariable('--role <name>', 'role to ask for', 'ROLLCALL_ROLE'))
    .addOption(
      optionOrVariable(
        '--resource <uri>',
        'the one audience of the token (default: all of the role)',
        'ROLLCALL_RESOURCE',
      ),
    )
    .option('--dpop-key <file>', 'bind the token to this private key; made if it is missing')
    .addOption(
      optionOrVariable(
        '--out <file>',
        'write the token there, mode 0600 (default: standard output)',
        'ROLLCALL_TOKEN_FILE',
      ),
    )
    .option('--exec <cmd>', 'run this command for each token')
    .option('--renew', 'keep running and renew the token at two thirds of its lifetime')
    .addOption(attemptsOption())
    .option('--json', 'print one JSON document, with --renew a line for each token')
    .allowExcessArguments(false)
    .action(enroll)
  addMetadataOptions(command)
  addMoreHelp(command, {
    examples: [
      'rollcall enroll https://rollcall.example --role worker > token.jwt',
      'rollcall enroll https://rollcall.example --out /run/rollcall.jwt --dpop-key /var/lib/node.json',
      "rollcall enroll https://rollcall.example --out /run/rollcall.jwt --exec '/usr/local/bin/join'",
      'rollcall enroll https://rollcall.example --out /run/rollcall.jwt --renew',
    ],
    more: MORE,
    exits:
      '0 token, 2 usage, 3 metadata service, 4 refused, 5 service not available, ' +
      '6 --exec failed, or the role allows no renewal',
  })
}
