// `rollcall token proof`: makes the `DPoP` header with which a bound token is shown, for curl.

import type { Command } from 'commander'
import { type DpopKey, proofTime } from '../../client/index.ts'
import { readUnverified } from '../../token/unverified.ts'
import { usageError } from '../command-error.ts'
import { readDpopKey } from '../enroll/dpop-key.ts'
import { addMoreHelp } from '../help.ts'
import { printJson } from '../output.ts'
import { requiredOption } from '../required-option.ts'
import { thisRun } from '../run.ts'
import { say } from '../say.ts'
import { readTokenToProve } from '../token-file.ts'
import { parseUrl } from '../../base/url.ts'

interface Options {
  readonly token?: string
  readonly dpopKey?: string
  readonly method: string
  readonly json?: true
}

/** The methods of RFC 9110, and others of the same form. Methods are case-sensitive. */
const METHOD = /^[A-Z][A-Z-]{0,31}$/

const checkUrl = (text: string): string => {
  const url = parseUrl(text)
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usageError('URL: expected the address of the request, https://HOST/PATH')
  }
  if (url.username + url.password !== '') throw usageError('URL: remove the user name and password')
  // As typed: the path of a proof is compared byte for byte.
  return text
}

/** Refuses a token that this key cannot prove, since its proofs would be refused. @throws CommandError */
const checkBinding = (token: string, { thumbprint }: DpopKey, now: number): void => {
  const { cnf, exp } = readUnverified(token)?.claims ?? {}
  const { jkt } = (cnf ?? {}) as Readonly<Record<string, unknown>>
  if (jkt === undefined) {
    throw usageError(
      '--token: the token is not bound to a key, so it needs no proof; send it as "Bearer"',
    )
  }
  if (jkt !== thumbprint) {
    throw usageError(
      '--dpop-key: the token is bound to another key; expected the key of the enrollment',
    )
  }
  if (typeof exp === 'number' && exp <= now) {
    say('warning: the token has expired by the clock of this machine; get a new one')
  }
}

const prove = async (text: string, options: Options): Promise<void> => {
  const uri = checkUrl(text)
  const { method, json } = options
  if (!METHOD.test(method)) {
    throw usageError('--method: expected a method in upper case, such as GET or POST')
  }
  const { timing } = thisRun()
  const file = requiredOption(options.token, '--token', 'give the token that the request shows')
  const path = requiredOption(options.dpopKey, '--dpop-key', 'give the key of the enrollment')
  const key = await readDpopKey(path)
  const shown = await readTokenToProve(file, '--token')
  checkBinding(shown.accessToken, key, shown.askedAt === undefined ? timing.now() : 0)
  const { accessToken } = shown
  const now = proofTime(shown, timing)
  const proof = await key.prove({ method, uri, accessToken, now })
  if (json) printJson({ dpop: proof })
  else thisRun().stdout.write(thisRun().stdout.isTTY ? `${proof}\n` : proof)
}

/** Adds the subcommand. */
export const addTokenProof = (token: Command): void => {
  const command = token
    .command('proof')
    .description('Make the DPoP header with which a bound token is shown to a relying party.')
    .argument('<URL>', 'the address of the request')
    .option('--token <file>', 'the token that the request shows; - for standard input')
    .option('--dpop-key <file>', 'the private key that the token is bound to')
    .option('--method <name>', 'the method of the request', 'GET')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(prove)
  addMoreHelp(command, {
    examples: [
      'rollcall token proof https://app.example/nodes --token token.jwt --dpop-key node.json',
      'proof=$(rollcall token proof "$url" --token token.jwt --dpop-key node.json)',
      `printf 'Authorization: DPoP %s\\nDPoP: %s\\n' "$(cat token.jwt)" "$proof" | curl -H @- "$url"`,
    ],
    more: `The proof is valid for one request with this method, this URL without its query, and this token. Relying
parties accept it once, within a minute of its time. So make a new one for each request.

Its time is the clock of this machine. If that is not within the life of the token, it is the token's own time
and the time since FILE was written.

curl reads the headers from standard input, because other users can see arguments.`,
    exits: '0 made, 2 usage',
  })
}
