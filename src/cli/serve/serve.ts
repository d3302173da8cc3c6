// `rollcall serve`: the service on Node, from the installed package or from a clone. `--dev` runs a
// trial that needs no configuration.

import type { Command } from 'commander'
import { readFile } from 'node:fs/promises'
import { ConfigurationError } from '../../base/errors.ts'
import { usageError } from '../command-error.ts'
import { addMoreHelp, wholeNumber } from '../help.ts'
import { thisRun } from '../run.ts'
import { say } from '../say.ts'

type Variables = Readonly<Record<string, string | undefined>>

interface ServeOptions {
  readonly port?: number
  readonly dev?: true
  readonly metadataPort?: number
}

const DEFAULT_PORT = 8787
const DEFAULT_METADATA_PORT = 8100

/** A configuration, and the warnings about it. */
interface Prepared {
  readonly env: Variables
  readonly report: (line: string) => void
  readonly onListening?: () => void
}

/** Starts an emulated instance. Variables that the environment lacks come from the trial. */
const tryOut = async (env: Variables, metadataPort = DEFAULT_METADATA_PORT): Promise<Prepared> => {
  const { startTrial } = await import('./trial.ts')
  const issuer = env['ROLLCALL_ISSUER'] ?? `http://127.0.0.1:${env['PORT'] ?? DEFAULT_PORT}`
  const { variables, enrollLine } = await startTrial({ issuer, metadataPort })
  const trial = Object.entries({ ...variables, ROLLCALL_LEDGER: 'memory:' }).filter(
    ([name]) => env[name] === undefined && env[`${name}_FILE`] === undefined,
  )
  // One warning instead of one for each variable.
  const isExpected = (line: string): boolean =>
    trial.some(([name]) => line.startsWith(`warning: ${name}:`))
  return {
    env: { ...env, ...Object.fromEntries(trial) },
    report: (line) => isExpected(line) || say(line),
    onListening() {
      say('warning: this is a trial; its keys, its policy and its instance end with it')
      say(`enroll the emulated instance with:\n\n${enrollLine}\n`)
    },
  }
}

const serve = async ({ port, dev, metadataPort }: ServeOptions): Promise<void> => {
  if (metadataPort !== undefined && !dev) throw usageError('--metadata-port belongs to --dev')
  // The server and the drivers of the ledgers are loaded when they are used.
  const [{ ledgerReader }, { NODE_CRYPTO }, { prepareProcess }, { serveNode }, { openService }] =
    await Promise.all([
      import('../../ledger/configured.ts'),
      import('../../node/node-crypto.ts'),
      import('../../node/prepare.ts'),
      import('../../node/serve-node.ts'),
      import('../../service/open.ts'),
    ])
  const typed = { ...thisRun().env, ...(port !== undefined && { PORT: String(port) }) }
  const { env, report, onListening }: Prepared = dev
    ? await tryOut(typed, metadataPort)
    : { env: typed, report: say }
  try {
    const service = await openService({
      env,
      readLedger: ledgerReader(['sqlite', 'redis', 'memory']),
      crypto: NODE_CRYPTO,
      readFile: (path) => readFile(path),
      output: prepareProcess(say),
      report,
    })
    serveNode(service, onListening && { onListening })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw usageError(error.message)
  }
  // The server itself ends the process.
  await new Promise(() => undefined)
}

const MORE = `The variables of the service configure it; every problem is reported at once. Audit events go to standard
output, a line of JSON each, and everything else to standard error. SIGTERM and SIGINT stop it: requests that
have begun are finished.

--dev needs no configuration. It starts an emulated metadata service and makes keys and a policy that admits the
emulated instance, all of them for this run only. Variables that you set are used instead, so that you can try
your own policy or another ledger. Its issuer is on a loopback address; production refuses the emulator.`

/** Adds the subcommand. */
export const addServe = (program: Command): void => {
  const command = program
    .command('serve')
    .description('Run the service on Node.')
    .option('--port <n>', `port (default: PORT, or ${DEFAULT_PORT})`, wholeNumber(1, 65_535))
    .option('--dev', 'try it out: throw-away keys, a policy and an emulated instance')
    .option(
      '--metadata-port <n>',
      `with --dev: port of the emulated metadata service; 0 takes a free one (default: ${DEFAULT_METADATA_PORT})`,
      wholeNumber(0, 65_535),
    )
    .allowExcessArguments(false)
    .action(serve)
  addMoreHelp(command, {
    examples: [
      'rollcall serve --dev',
      'ROLLCALL_LEDGER=sqlite:trial.db rollcall serve --dev',
      'ROLLCALL_ISSUER=https://rollcall.example ROLLCALL_LEDGER=sqlite:/var/lib/rollcall/ledger.db ' +
        'ROLLCALL_SIGNING_KEYS_FILE=signing-keys.json ROLLCALL_POLICY_FILE=policy.json rollcall serve',
    ],
    more: MORE,
    exits:
      '0 stopped, 1 it could not finish what had begun, 2 usage or configuration, ' +
      "3 audit events can't be written",
  })
}
