// `rollcall kubernetes credential`: an exec credential plugin of kubectl, kubelet and every other client that is built on
// client-go. Its token shows an API server which instance this is.

import type { Command } from 'commander'
import {
  ClientError,
  type DpopKey,
  type EnrollOptions,
  type IssuedToken,
  enrollInstance,
  exchangeToken,
} from '../../client/index.ts'
import { FOUND_IN_AUDIT } from '../../client/refusal.ts'
import type { MetadataClient } from '../../metadata/index.ts'
import { attemptsUpTo } from '../../metadata/patience.ts'
import { attemptsOption } from '../attempts-option.ts'
import { cleanUpOnSignals } from '../cleanup.ts'
import { CommandError, usageError } from '../command-error.ts'
import { loadDpopKey } from '../enroll/dpop-key.ts'
import { checkRole } from '../enroll/enroll.ts'
import { EXIT } from '../exit-status.ts'
import { NETWORK_HELP, addMoreHelp } from '../help.ts'
import { type MetadataOptions, addMetadataOptions, metadataClientOf } from '../metadata-options.ts'
import { optionOrVariable } from '../option-variable.ts'
import { printJson, timeText } from '../output.ts'
import { fetchFor } from '../proxy/proxied-fetch.ts'
import { requiredOption } from '../required-option.ts'
import { inFolder, thisRun } from '../run.ts'
import { say } from '../say.ts'
import { sayRetry } from '../say-retry.ts'
import { checkServiceAddress } from '../service-address.ts'
import { type BoundToken, getBoundToken } from './bound-token.ts'
import { EXEC_API_VERSION, checkExecInfo } from './exec-info.ts'
import { type TokenPlace, keptTokenPath } from './kept-token.ts'

interface Options extends MetadataOptions {
  readonly role?: string
  readonly resource?: string
  readonly dpopKey?: string
  readonly cache?: string
  readonly attempts: number
}

/** How long before its end a token is no longer used, in seconds: clocks differ, and requests take time. */
const MARGIN_SECONDS = 30

/** What an enrollment needs, beside a key. */
interface Enrollment extends EnrollOptions {
  readonly metadata: MetadataClient
}

const enrollmentOf = async (url: string, options: Options): Promise<Enrollment> => {
  const issuer = checkServiceAddress(url, 'URL')
  const { attempts } = options
  const { signal, timing } = thisRun()
  return {
    issuer,
    role: checkRole(options.role),
    metadata: metadataClientOf(options, { attempts: attemptsUpTo(attempts) }),
    attempts,
    onRetry: sayRetry(issuer),
    fetch: await fetchFor(issuer),
    signal,
    timing,
  }
}

/** A token for Kubernetes, which cannot ask for proofs of a key. */
const requireUnbound = (token: IssuedToken, issuer: string, audience: string): IssuedToken => {
  if (token.tokenType === 'Bearer') return token
  throw new CommandError(
    EXIT.refused,
    `${issuer} exchanges for a bound token of "${audience}", and Kubernetes takes unbound tokens only\n` +
      'Set "binding": "none" in this "exchange" of the role',
  )
}

/** The error for a refused token that cannot be too old: a newer one would not be exchanged either. */
const newTokenRefused = ({ detail }: ClientError, audience: string): CommandError =>
  new CommandError(
    EXIT.refused,
    `${detail}\n` +
      `This role has unbound tokens or no exchange for "${audience}": leave out --dpop-key, or give the role ` +
      `"exchange". If the policy is right, ${FOUND_IN_AUDIT}`,
  )

const isTokenRefused = (error: unknown): error is ClientError =>
  error instanceof ClientError && error.code === 'token_not_exchangeable'

/** Exchanges the bound token. If the service refuses a kept one, this instance enrolls once more. */
const exchangeKept = async (
  enrollment: Enrollment,
  dpopKey: DpopKey,
  { audience, place }: { readonly audience: string; readonly place: TokenPlace },
): Promise<IssuedToken> => {
  const { issuer, role } = enrollment
  const { timing } = thisRun()
  const options = {
    place,
    purpose: { issuer, role, thumbprint: dpopKey.thumbprint },
    enrollment: { ...enrollment, dpopKey },
    timing,
    cleanup: cleanUpOnSignals(),
  }
  const exchange = async ({ accessToken, askedAt, isNew }: BoundToken): Promise<IssuedToken> => {
    try {
      const token = await exchangeToken({ ...enrollment, accessToken, askedAt, dpopKey, audience })
      return requireUnbound(token, issuer, audience)
    } catch (error) {
      throw isNew && isTokenRefused(error) ? newTokenRefused(error, audience) : error
    }
  }
  const token = await getBoundToken(options)
  try {
    return await exchange(token)
  } catch (error) {
    if (!isTokenRefused(error)) throw error
    say('the service refused the kept token; enrolling again')
    return exchange(await getBoundToken(options, token.accessToken))
  }
}

const printCredential = ({ accessToken, expiresAt }: IssuedToken): void => {
  const end = expiresAt - MARGIN_SECONDS
  if (thisRun().timing.now() >= end) {
    say(
      `warning: by the clock of this machine the credential ended at ${timeText(end)}; ` +
        'correct the clock, or this command runs for each request',
    )
  }
  printJson({
    apiVersion: EXEC_API_VERSION,
    kind: 'ExecCredential',
    status: { token: accessToken, expirationTimestamp: timeText(end) },
  })
}

const credential = async (url: string, options: Options): Promise<void> => {
  checkExecInfo(thisRun().env['KUBERNETES_EXEC_INFO'])
  const { dpopKey: file, cache } = options
  const audience = requiredOption(
    options.resource,
    '--resource',
    'give the audience of the cluster',
  )
  if (cache !== undefined && file === undefined) {
    throw usageError('--cache: only bound tokens are kept; give --dpop-key too')
  }
  const enrollment = await enrollmentOf(url, options)
  if (file === undefined) {
    return printCredential(await enrollInstance({ ...enrollment, resource: audience }))
  }
  const dpopKey = await loadDpopKey(file, enrollment.metadata)
  const { issuer, role } = enrollment
  const { thumbprint } = dpopKey
  const place =
    cache === undefined
      ? { path: keptTokenPath(file, { issuer, role, thumbprint }), isNamed: false }
      : { path: inFolder(cache), isNamed: true }
  printCredential(await exchangeKept(enrollment, dpopKey, { audience, place }))
}

const MORE = `Name this command in the "exec" section of a kubeconfig, with apiVersion ${EXEC_API_VERSION}
and interactiveMode Never. kubectl and kubelet run it when they need a token, and 30 seconds before
the token expires. It prints an ExecCredential and nothing else. It never asks a question.

With --dpop-key the instance enrolls with a key, keeps the bound token, and exchanges that one for each new token of
the audience. The role must list the audience in "exchange", with "binding" "none". The bound token is worth nothing
without the key. It is kept with mode 0600 in a folder beside the key, FILE.tokens, or in the file of --cache. The
instance enrolls again shortly before the bound token expires, if the service refuses it, or if its file is
broken. Of several processes at once, one enrolls and the others wait, for a minute at most. If --cache names
a file of something else, the command leaves that file as it is and ends with 2.

Without --dpop-key the instance enrolls for the one audience each time, and nothing is kept.

${NETWORK_HELP}`

/** Adds the subcommand. */
export const addKubernetesCredential = (kubernetes: Command): void => {
  const command = kubernetes
    .command('credential')
    .description('Print a token for the API server, as an exec credential plugin.')
    .argument('<URL>', 'the service, https://HOST')
    .addOption(optionOrVariable('--role <name>', 'role to ask for', 'ROLLCALL_ROLE'))
    .addOption(
      optionOrVariable('--resource <uri>', 'the audience of the cluster', 'ROLLCALL_RESOURCE'),
    )
    .option('--dpop-key <file>', 'enroll with this private key; made if it is missing')
    .option('--cache <file>', 'keep the bound token there (default: in a folder beside the key)')
    .addOption(attemptsOption())
    .allowExcessArguments(false)
    .action(credential)
  addMetadataOptions(command)
  addMoreHelp(command, {
    examples: [
      'rollcall kubernetes credential https://rollcall.example --role node --resource cluster-1',
      'rollcall kubernetes credential https://rollcall.example --role node --resource cluster-1 --dpop-key /var/lib/rollcall/node.json',
    ],
    more: MORE,
    exits: '0 credential, 2 usage, 3 metadata service, 4 refused, 5 service not available',
  })
}
