// `rollcall exchange`: exchanges the bound token of an enrollment for a short token of one audience.

import type { Command } from 'commander'
import { type Exchanged, exchangeToken } from '../../client/index.ts'
import { attemptsOption } from '../attempts-option.ts'
import { readDpopKey } from '../enroll/dpop-key.ts'
import { NETWORK_HELP, addMoreHelp } from '../help.ts'
import { optionOrVariable } from '../option-variable.ts'
import { printJson, timeText } from '../output.ts'
import { fetchFor } from '../proxy/proxied-fetch.ts'
import { requiredOption } from '../required-option.ts'
import { thisRun } from '../run.ts'
import { say } from '../say.ts'
import { sayRetry } from '../say-retry.ts'
import { checkServiceAddress } from '../service-address.ts'
import { readTokenToProve } from '../token-file.ts'
import { checkIsApart, checkOut, printToken, writeToken } from '../token-out.ts'

interface Options {
  readonly token?: string
  readonly dpopKey?: string
  readonly audience?: string
  readonly out?: string
  readonly attempts: number
  readonly json?: true
}

const report = (token: Exchanged, out: string | undefined, json: true | undefined): void => {
  if (json) {
    printJson({
      ...(out === undefined && { access_token: token.accessToken }),
      token_type: token.tokenType,
      expires_in: token.expiresInSeconds,
      expires_at: timeText(token.expiresAt),
      audience: token.audience,
      token_file: out,
    })
  } else if (out === undefined) printToken(token.accessToken)
  else say(`exchanged; the token is in ${out} and valid for ${token.expiresInSeconds} s`)
}

const exchange = async (url: string, options: Options): Promise<void> => {
  const issuer = checkServiceAddress(url, 'URL')
  const { attempts, json } = options
  const file = requiredOption(options.token, '--token', 'give FILE, or set ROLLCALL_TOKEN_FILE')
  const dpopKey = requiredOption(options.dpopKey, '--dpop-key', 'give the key of the enrollment')
  const audience = requiredOption(
    options.audience,
    '--audience',
    'give the name of a relying party',
  )
  checkIsApart(options.out, dpopKey, '--dpop-key', 'the key')
  if (file !== '-') checkIsApart(options.out, file, '--token', 'the token of the enrollment')
  const out = checkOut(options.out)
  const { signal, timing } = thisRun()
  const token = await exchangeToken({
    issuer,
    ...(await readTokenToProve(file, '--token')),
    dpopKey: await readDpopKey(dpopKey),
    audience,
    attempts,
    onRetry: sayRetry(issuer),
    fetch: await fetchFor(issuer),
    signal,
    timing,
  })
  if (out !== undefined) writeToken(out, token.accessToken)
  report(token, out, json)
}

const MORE = `The token must be bound to the key: enroll with --dpop-key FILE, in a role whose policy lists the
audience in "exchange". The new token is valid for minutes. It is bound to the same key or to none, as the policy
says. The token of the enrollment goes to URL only, which must be the service that issued it.

Each attempt makes a new proof of the key. Its time is the clock of this machine. If that is not within the life of
the token, it is the token's own time and the time since FILE was written. If the service refuses the proof, it is
made once more at the time that the service names.

ROLLCALL_TOKEN_FILE names the token in a command of enroll --exec, so --token can be left out there.

${NETWORK_HELP}`

/** Adds the subcommand. */
export const addExchange = (program: Command): void => {
  const command = program
    .command('exchange')
    .description('Exchange the token of an enrollment for a short token of one audience.')
    .argument('<URL>', 'the service, https://HOST')
    .addOption(
      optionOrVariable(
        '--token <file>',
        'the token of the enrollment; - for standard input',
        'ROLLCALL_TOKEN_FILE',
      ),
    )
    .option('--dpop-key <file>', 'the private key that the token is bound to')
    .option('--audience <name>', 'the one audience of the new token')
    .option('--out <file>', 'write the new token there, mode 0600 (default: standard output)')
    .addOption(attemptsOption())
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(exchange)
  addMoreHelp(command, {
    examples: [
      'rollcall exchange https://rollcall.example --token t.jwt --dpop-key node.json --audience app',
      'rollcall exchange https://rollcall.example --dpop-key node.json --audience app --out app.jwt',
      'rollcall exchange https://rollcall.example --dpop-key node.json --audience app --token - --json < t.jwt',
    ],
    more: MORE,
    exits: '0 token, 2 usage, 4 refused, 5 service not available',
  })
}
