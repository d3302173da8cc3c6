// `npm run emulator`: an ECS metadata service on this machine that truly signs.

import { Command, InvalidArgumentError } from 'commander'
import { writeFileSync } from 'node:fs'
import { FAULTS } from '../metadata/faults.ts'
import type { MetadataEmulator } from '../metadata/index.ts'
import { startEmulator } from './emulator-server.ts'

const SHOWN = 5
const DEFAULT_PORT = 8100

const integer =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (/^[0-9]+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
  }

const collect = (value: string, all: readonly string[]): string[] => [...all, value]

interface EmulatorOptions {
  readonly port: number
  readonly host: string
  readonly instances: number
  readonly accounts: number
  readonly seed?: string
  readonly hardenedOnly: boolean
  readonly certificateOut?: string
  readonly fault: readonly string[]
}

const faultHelp = Object.entries(FAULTS).map(([name, what]) => `  ${name.padEnd(20)}${what}`)

const command: Command = new Command('emulator')
  .description('Emulate the metadata service of ECS: documents, signatures, hardened mode.')
  .option('--port <n>', 'port; 0 takes a free one', integer(0, 65_535), DEFAULT_PORT)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--instances <n>', 'how many instances', integer(1, 10_000), 1)
  .option('--accounts <n>', 'how many accounts own them, in turn', integer(1, 10_000), 1)
  .option('--seed <text>', 'what to make them up from; the key is always new (default: random)')
  .option('--hardened-only', 'refuse requests without a token', false)
  .option('--certificate-out <file>', 'write the certificate that the service is to trust')
  .option('--fault <name>', 'something that is wrong or different; can be repeated', collect, [])
  .addHelpText(
    'after',
    `
Faults:
${faultHelp.join('\n')}

Examples:
  npm run emulator -- --certificate-out cloud.pem
  npm run emulator -- --instances 300 --seed fleet --hardened-only
  npm run emulator -- --port 0 --fault wrapped --fault not-found:user-data

Exit status: 0 stopped, 2 usage.`,
  )
  .allowExcessArguments(false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

const { port, certificateOut, fault, ...options } = command.parse().opts<EmulatorOptions>()

const fail = (message: string): never => {
  process.stderr.write(`emulator: ${message}\n`)
  return process.exit(2)
}

/** What to read on the terminal: where everything is, and what to do next. */
const introduction = (url: string, { instances, seed }: MetadataEmulator): string[] => [
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
  `then: curl -fsS SERVICE/bootstrap.sh | ROLLCALL_METADATA_URL=${url} sh`,
]

try {
  const { url, emulator, close } = await startEmulator({ ...options, port, faults: fault })
  const stop = (): void => void close().then(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  if (certificateOut !== undefined) writeFileSync(certificateOut, emulator.certificatePem)
  process.stdout.write(`${introduction(url, emulator).join('\n')}\n`)
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  fail(code === 'EADDRINUSE' ? `port ${port} is taken; choose another with --port` : message)
}
