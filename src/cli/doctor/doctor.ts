// `rollcall doctor`: checks from this machine each thing that an enrollment needs, in order, one
// line each.

import type { Command } from 'commander'
import {
  type CheckOptions,
  type CheckWords,
  ClientError,
  type Diagnosis,
  type DpopKey,
  diagnoseEnrollment,
} from '../../client/index.ts'
import type { MetadataClient } from '../../metadata/index.ts'
import { isThere, loadDpopKey, readDpopKey } from '../enroll/dpop-key.ts'
import { checkRole } from '../enroll/enroll.ts'
import { EXIT } from '../exit-status.ts'
import { say } from '../say.ts'
import { NETWORK_HELP, addMoreHelp } from '../help.ts'
import { type MetadataOptions, addMetadataOptions, metadataClientOf } from '../metadata-options.ts'
import { optionOrVariable } from '../option-variable.ts'
import { print, printJson } from '../output.ts'
import { fetchFor } from '../proxy/proxied-fetch.ts'
import { thisRun } from '../run.ts'
import { checkServiceAddress } from '../service-address.ts'
import { cloudInitVersion, plainRequestsAdvice } from './cloud-init.ts'
import { linesOf } from './lines.ts'

interface Options extends MetadataOptions {
  readonly role?: string
  readonly resource?: string
  readonly dpopKey?: string
  readonly enroll?: true
  readonly json?: true
}

/** For a terminal whose width is unknown. */
const DEFAULT_COLUMNS = 100

const WORDS: CheckWords = {
  useNormalMode: 'add --metadata-mode auto',
  enroll: 'to try it, add --enroll',
  giveKey:
    'run doctor with --dpop-key FILE, the key of this instance; ' +
    'if it has no key yet, rollcall enroll --dpop-key FILE makes one',
  listItems: 'see what there is: rollcall metadata list dynamic',
  showDocument: 'rollcall metadata get dynamic/instance-identity/document',
  inspectSignature:
    'save it by `rollcall metadata get dynamic/instance-identity/pkcs7`, and look at it with `rollcall inspect`',
  listTimeServers: 'rollcall metadata get ntp-conf/ntp-servers names servers',
}

/** The key that `enroll` would use. Without `--enroll` no file is made or changed. */
const keyOf = async (
  path: string | undefined,
  metadata: MetadataClient,
  enroll: boolean,
): Promise<DpopKey | undefined> => {
  if (path === undefined) return undefined
  const key = isThere(path) ? await readDpopKey(path) : undefined
  if (!enroll) {
    if (key === undefined) say(`${path} is not there yet: rollcall enroll makes it; no key is used`)
    return key
  }
  if (key?.instance !== undefined) return key
  try {
    return await loadDpopKey(path, metadata)
  } catch (error) {
    // If the metadata service does not answer, the check "metadata service" says so.
    if (error instanceof ClientError) return key
    throw error
  }
}

const readOptions = async (url: string, options: Options): Promise<CheckOptions> => {
  const { metadataMode, resource, dpopKey: keyFile } = options
  const issuer = checkServiceAddress(url, 'URL')
  const role = checkRole(options.role)
  // This checks the value of `--metadata-mode`, too.
  metadataClientOf(options)
  // One attempt: a person waits for the answer, and should see a failure that comes and goes.
  const metadata = metadataClientOf({ ...options, metadataMode: 'auto' }, { attempts: 1 })
  const hardened = metadataClientOf({ ...options, metadataMode: 'hardened' }, { attempts: 1 })
  const { signal, timing, env } = thisRun()
  const enroll = options.enroll ?? false
  return {
    issuer,
    role,
    resource,
    dpopKey: await keyOf(keyFile, metadata, enroll),
    enroll,
    words: {
      ...WORDS,
      onPlainRequests: async () =>
        plainRequestsAdvice(process.platform, await cloudInitVersion(env)),
    },
    acceptsNormalMode: metadataMode === 'auto',
    metadata,
    hardened,
    fetch: await fetchFor(issuer),
    signal,
    timing,
  }
}

const doctor = async (url: string, options: Options): Promise<void> => {
  const tried = await readOptions(url, options)
  const outcomes: Diagnosis[] = []
  for await (const outcome of diagnoseEnrollment(tried)) {
    outcomes.push(outcome)
    if (!options.json) print(...linesOf(outcome, thisRun().stdout.columns ?? DEFAULT_COLUMNS))
  }
  const failures = outcomes.filter(({ state }) => state === 'failed')
  if (options.json) {
    const checks = outcomes.map(({ name, state, detail, remedy }) => ({
      name,
      state,
      detail,
      remedy,
    }))
    printJson({ url, ok: failures.length === 0, checks })
  }
  if (failures.length === 0) return
  say(`${failures.length} of ${outcomes.length} failed; fix the first one and run this again`)
  thisRun().exitWith(EXIT.notGood)
}

const MORE = `Prints one line for each thing that an enrollment needs, in order: "ok", "FAIL" with what to do next,
or "-" with the reason why it was not tried.

The check "role" asks for a token with an audience that no role has. The service refuses, and its reason
shows whether the policy admits this instance. Only an audit event is recorded.

The enrollment itself needs --enroll, because it counts: under "never" it is the only one, and under
"same_key" it fixes the key (give the instance's own with --dpop-key). The token is discarded.

${NETWORK_HELP}`

/** Adds the subcommand. */
export const addDoctor = (program: Command): void => {
  const command = program
    .command('doctor')
    .description('Check from this machine each thing that an enrollment needs.')
    .argument('<URL>', 'the service, https://HOST')
    .addOption(optionOrVariable('--role <name>', 'role to ask for', 'ROLLCALL_ROLE'))
    .addOption(
      optionOrVariable(
        '--resource <uri>',
        'the one audience to ask for, with --enroll',
        'ROLLCALL_RESOURCE',
      ),
    )
    .option('--dpop-key <file>', 'key to bind the token to; --enroll makes it if it is missing')
    .option('--enroll', 'enroll for real; the token is discarded')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(doctor)
  addMetadataOptions(command)
  addMoreHelp(command, {
    examples: [
      'rollcall doctor https://rollcall.example',
      'rollcall doctor https://rollcall.example --role worker --enroll',
      'rollcall doctor https://rollcall.example --json',
    ],
    more: MORE,
    exits: '0 nothing failed, 1 something failed, 2 usage',
  })
}
