// `rollcall emulate`: an ECS metadata service on this machine, with real signatures.

import type { Command } from 'commander'
import { isLoopback } from '../base/issuer.ts'
import { FAULTS } from '../emulator/faults.ts'
import type { MetadataEmulator } from '../emulator/index.ts'
import { usageError } from './command-error.ts'
import { EXIT } from './exit-status.ts'
import { say } from './say.ts'
import { addMoreHelp, wholeNumber } from './help.ts'
import { print, printJson } from './output.ts'
import { requireFile } from './named-file.ts'
import { requireReplaceable } from './replaceable.ts'
import { thisRun } from './run.ts'
import { replaceReadable } from './secret-file.ts'

const SHOWN = 5
const DEFAULT_PORT = 8100

const collect = (value: string, all: readonly string[] = []): string[] => [...all, value]

interface EmulateOptions {
  readonly port: number
  readonly host?: string
  readonly instances?: number
  readonly describe?: string
  readonly allItems?: true
  readonly accounts: number
  readonly seed?: string
  readonly hardenedOnly?: true
  readonly certificateOut?: string
  readonly fault?: readonly string[]
  readonly json?: true
}

/** The text for a terminal: the addresses, and what to do next. */
const introduction = (
  url: string,
  { instances, seed }: MetadataEmulator,
  certificateOut: string | undefined,
): string[] => [
  `metadata service on ${url} (as the first instance)`,
  ...instances
    .slice(0, SHOWN)
    .map(
      ({ instanceId, ownerAccountId }) =>
        `  ${url}/instances/${instanceId}  of account ${ownerAccountId}`,
    ),
  ...(instances.length > SHOWN
    ? [`  and ${instances.length - SHOWN} more: curl ${url}/instances/`]
    : []),
  `seed: ${seed}`,
  certificateOut === undefined
    ? 'next: run it with --certificate-out FILE, and set ROLLCALL_TRUST_ANCHORS_FILE=FILE'
    : `next: set ROLLCALL_TRUST_ANCHORS_FILE=${certificateOut} for the service`,
  `then: curl -fsS --retry 9 --retry-all-errors -o bootstrap.sh SERVICE/bootstrap.sh && ROLLCALL_METADATA_URL=${url} sh bootstrap.sh`,
]

const REACHABLE =
  'warning: other machines can reach this emulator. It signs any audience for anyone, so a service that ' +
  'trusts its certificate admits them all'

/** How many instances, or a description of each. */
const instancesOf = async ({ instances, describe }: EmulateOptions) => {
  if (describe === undefined) return instances ?? 1
  if (instances !== undefined) throw usageError('give --instances or --describe, not both')
  const { readInstanceDescriptions } = await import('./emulator-description.ts')
  return readInstanceDescriptions(describe)
}

/** Resolves at SIGTERM or SIGINT. */
const untilStopped = (): Promise<void> => {
  const run = thisRun()
  return new Promise((resolve) => {
    run.onSignal('SIGTERM', resolve)
    run.onSignal('SIGINT', resolve)
  })
}

const emulate = async (options: EmulateOptions): Promise<void> => {
  const { port, certificateOut, fault = [], json } = options
  if (certificateOut !== undefined) {
    requireFile(certificateOut, '--certificate-out')
    requireReplaceable(certificateOut, '--certificate-out', {
      what: 'a certificate',
      isThat: (old) => old.trim().startsWith('-----BEGIN CERTIFICATE-----'),
    })
  }
  const { host = '127.0.0.1', seed, accounts, allItems = false, hardenedOnly = false } = options
  // The server is loaded when it is used.
  const { startEmulator } = await import('./emulator-server.ts')
  const failed = (error: NodeJS.ErrnoException): never => {
    const taken = error.code === 'EADDRINUSE'
    throw usageError(taken ? `port ${port} is taken; choose another with --port` : error.message)
  }
  const start = async () =>
    startEmulator({
      port,
      host,
      instances: await instancesOf(options),
      accounts,
      allItems,
      hardenedOnly,
      faults: fault,
      ...(seed !== undefined && { seed }),
    })
  const { url, emulator, close } = await start().catch(failed)
  const stopped = untilStopped()
  if (!isLoopback(host)) say(REACHABLE)
  try {
    if (certificateOut !== undefined) replaceReadable(certificateOut, emulator.certificatePem)
  } catch (error) {
    await close()
    failed(error as NodeJS.ErrnoException)
  }
  if (json) {
    const { certificatePem, instances } = emulator
    const shown = instances.map(({ instanceId, ownerAccountId }) => ({
      instance_id: instanceId,
      owner_account_id: ownerAccountId,
      url: `${url}/instances/${instanceId}`,
    }))
    printJson({ url, seed: emulator.seed, certificate: certificatePem, instances: shown })
  } else print(...introduction(url, emulator, certificateOut))
  await stopped
  await close()
  // Answers that a fault delays are dropped.
  thisRun().end(EXIT.done)
}

const faultHelp = Object.entries(FAULTS).map(([name, what]) => `  ${name.padEnd(20)}${what}`)

/** Adds the subcommand. */
export const addEmulate = (program: Command): void => {
  const command = program
    .command('emulate')
    .description('Emulate the metadata service of ECS: documents, signatures, hardened mode.')
    .option('--port <n>', 'port; 0 takes a free one', wholeNumber(0, 65_535), DEFAULT_PORT)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--instances <n>', 'how many instances (default: 1)', wholeNumber(1, 10_000))
    .option(
      '--describe <file>',
      'file with {"instances": [...]}, JSON or YAML (.yaml): what you know of each; the rest is generated',
    )
    .option('--all-items', 'give every instance all known items')
    .option('--accounts <n>', 'how many accounts own them, in turn', wholeNumber(1, 10_000), 1)
    .option(
      '--seed <text>',
      'seed of the generated values; the key is always new (default: random)',
    )
    .option('--hardened-only', 'refuse requests without a token')
    .option('--certificate-out <file>', 'write the certificate that the service is to trust')
    .option('--fault <name>', 'fault to emulate; can be repeated', collect)
    .option('--json', 'print one JSON document once it listens')
    .allowExcessArguments(false)
    .action(emulate)
  addMoreHelp(command, {
    examples: [
      'rollcall emulate --certificate-out cloud.pem',
      'rollcall emulate --instances 300 --seed fleet --hardened-only',
      'rollcall emulate --describe instances.yaml --all-items',
      'rollcall emulate --port 0 --fault wrapped --fault not-found:user-data',
    ],
    more: `Faults:\n${faultHelp.join('\n')}`,
    exits: '0 stopped, 2 usage',
  })
}
