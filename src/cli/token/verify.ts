// `rollcall token verify`: verifies a token as a relying party does, by the library for relying parties.

import type { Command } from 'commander'
import { noAnswer } from '../../client/no-answer.ts'
import type { TokenError } from '../../relying-party/token-error.ts'
import type { ShownProof } from '../../relying-party/verifier.ts'
import type { EnrollmentClaims } from '../../token/claims.ts'
import { CommandError } from '../command-error.ts'
import { readDpopKey } from '../enroll/dpop-key.ts'
import { EXIT } from '../exit-status.ts'
import { NETWORK_HELP, addMoreHelp } from '../help.ts'
import { fileArgument } from '../named-file.ts'
import { optionOrVariable } from '../option-variable.ts'
import { print, printJson, printMembers, timeText } from '../output.ts'
import { fetchFor } from '../proxy/proxied-fetch.ts'
import { requiredOption } from '../required-option.ts'
import { thisRun } from '../run.ts'
import { checkServiceAddress } from '../service-address.ts'
import { readTokenFile } from '../token-file.ts'
import { claimRows, relativeTime } from './claim-rows.ts'
import { remedyFor } from './explain.ts'

interface Options {
  readonly issuer?: string
  readonly audience?: string
  readonly role?: readonly string[]
  readonly dpopKey?: string
  readonly json?: true
}

/** The address that the proof is made for. It is verified here, and never sent. */
const OWN_URL = 'http://localhost'

/** Makes a proof of the key, as a request of its owner would have it. */
const proofOf = async (file: string, accessToken: string, now: number): Promise<ShownProof> => {
  const [method, path] = ['GET', '/']
  const key = await readDpopKey(file)
  return { value: await key.prove({ method, uri: OWN_URL + path, accessToken, now }), method, path }
}

const KEYS_SECONDS = 5

/** The error if the keys of the issuer are not available. */
const unavailable = (issuer: string, { message, cause }: TokenError): CommandError => {
  if (cause === undefined) return new CommandError(EXIT.unavailable, `${message}; check --issuer`)
  const { now } = thisRun().timing
  const call = { url: issuer, timeoutSeconds: KEYS_SECONDS, now: now() }
  const { detail, remedy } = noAnswer(cause, call)
  return new CommandError(EXIT.unavailable, `${issuer} is not available (${detail}); ${remedy}`)
}

const printVerified = (claims: EnrollmentClaims, now: number, { json }: Options): void => {
  const { iss, exp } = claims
  if (json) return printJson({ verified: true, claims, expires_at: timeText(exp) })
  print(`verified: issued by ${iss}; expires ${relativeTime(exp, now)}`)
  printMembers(claimRows(claims, now))
}

const printRefused = ({ code, message }: TokenError, { json }: Options): void => {
  const remedy = remedyFor(code)
  if (json) printJson({ verified: false, code, detail: message, remedy })
  else print(`refused: ${code}`, `means: ${message}`, ...(remedy ? [`next: ${remedy}`] : []))
  thisRun().exitWith(EXIT.notGood)
}

const verify = async (path: string, options: Options): Promise<void> => {
  const url = requiredOption(
    options.issuer,
    '--issuer',
    'give https://HOST, or set ROLLCALL_ISSUER',
  )
  const audience = requiredOption(
    options.audience,
    '--audience',
    'give the name of the relying party',
  )
  const issuer = checkServiceAddress(url, '--issuer')
  const { role: roles, dpopKey } = options
  const now = thisRun().timing.now()
  const token = await readTokenFile(path, 'TOKEN')
  const proof = dpopKey === undefined ? undefined : await proofOf(dpopKey, token, now)
  const { createTokenVerifier } = await import('../../relying-party/verifier.ts')
  const verifier = createTokenVerifier({
    issuer,
    audience,
    roles,
    fetch: await fetchFor(issuer),
    // The proof was made just now, for this verification only.
    ...(proof !== undefined && { bound: 'require', proofs: null, publicUrl: OWN_URL }),
  })
  try {
    printVerified(await verifier.verify(token, { proof, now }), now, options)
  } catch (error) {
    const { TokenError } = await import('../../relying-party/token-error.ts')
    if (!(error instanceof TokenError)) throw error
    if (error.code === 'keys_unavailable') throw unavailable(issuer, error)
    printRefused(error, options)
  }
}

const collect = (value: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  value,
]

const MORE = `It does what a relying party does with rollcall/relying-party: it gets the public keys from the issuer, and
checks signature, issuer, audience, times, role and binding. Clocks may differ by 30 seconds.

A token that is bound to a key is refused, unless --dpop-key FILE proves the key.

Bans and revocations do not show: relying parties do not see them either, until the token has expired.
Operators see them with rollcall admin introspect.

${NETWORK_HELP}`

/** Adds the subcommand. */
export const addTokenVerify = (token: Command): void => {
  const command = token
    .command('verify')
    .description('Verify a token as a relying party does.')
    .addArgument(fileArgument('<TOKEN>', 'the token in a file'))
    .addOption(
      optionOrVariable('--issuer <url>', 'the service that issued the token', 'ROLLCALL_ISSUER'),
    )
    .option('--audience <name>', 'the relying party that the token must be for')
    .option('--role <name>', 'a role that is admitted; repeatable (default: each)', collect)
    .option('--dpop-key <file>', 'prove a bound token with this private key')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(verify)
  addMoreHelp(command, {
    examples: [
      'rollcall token verify token.jwt --issuer https://rollcall.example --audience https://app.example',
      'ROLLCALL_ISSUER=https://rollcall.example rollcall token verify --json - --audience app < token.jwt',
    ],
    more: MORE,
    exits:
      '0 verified, 1 refused (it says by which check), 2 usage, 5 the keys of the issuer are not available',
  })
}
