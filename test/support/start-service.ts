// The service in a process of its own, as each runtime starts it: the one way to have one in a test. The service in
// the test's own process is in test-service.ts.

import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { requireNode24 } from './node24.ts'
import { waitForOutput } from './output.ts'
import { reservePort } from './ports.ts'
import { type RunningProcess, startProcess, waitUntil } from './processes.ts'
import { ROOT } from './sources.ts'
import type { TestCloud } from './test-cloud.ts'
import { POLICY } from './test-service.ts'

const READY_SECONDS = 30

/** The Deno of the project. */
export const DENO = join(ROOT, 'node_modules/.bin/deno')

/** A running service, in a process of its own or in the test's. */
export interface RunningService {
  readonly url: string
  /** Where the engine itself serves, if something stands before it. */
  readonly engineUrl?: string
  /** Its audit events so far, parsed. */
  auditEvents(): Record<string, unknown>[]
  /** All that it has written so far. */
  output(): string
  /** @returns the exit status */
  stop(): Promise<number | null>
}

/** A running service in a process of its own. */
export interface ServiceProcess extends RunningService {
  readonly process: RunningProcess
  readonly port: number
}

/** Variables of a service. */
export type ServiceVariables = Readonly<Record<string, string>>

/** Where the service can run as a process. */
export type ServiceRuntime = 'Node' | 'Node 24' | 'Deno' | 'workerd'

/** Those on which the service is a server: with a port, signals and a standard output. */
export const SERVERS = ['Node', 'Node 24', 'Deno'] as const satisfies readonly ServiceRuntime[]

/** How a service is started. */
export interface StartOptions {
  /** Beside the issuer, which is its URL, and a ledger in memory, or in place of them; `undefined` leaves one out. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Of the test that it is stopped after; needed for Node 24. Default: the caller stops it. */
  readonly context?: TestContext
  /** Default: one that nothing else has. */
  readonly port?: number
  /** The project, or a copy of it. */
  readonly source?: string
  /** The program and its arguments, in place of the usual ones of the runtime. */
  readonly command?: readonly string[]
  /** A line of the shell that runs it, which is `"$@"` there. Default: no shell. */
  readonly shell?: string
  /** Whether to wait until it answers. Default: true. */
  readonly ready?: boolean
  /** In workerd: a folder for its state and its variables. */
  readonly folder?: string
  /** In workerd: the configuration of wrangler. Default: the project's. */
  readonly config?: string
}

/** What a service needs in order to admit the usual documents of a cloud. */
export const usualVariables = async (
  cloud: TestCloud,
  policy: object = POLICY,
): Promise<Record<string, string>> => ({
  ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
  ROLLCALL_POLICY: JSON.stringify(policy),
  ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
})

/**
 * Starts the service.
 * @throws Error with all that it has written, if it ends or does not answer within 30 seconds
 */
export const startService = async (
  runtime: ServiceRuntime,
  options: StartOptions,
): Promise<ServiceProcess> => {
  const port = options.port ?? (await reservePort())
  const url = `http://127.0.0.1:${port}`
  const started = await (runtime === 'workerd' ? startWorkerd : startServer(runtime))(
    { ...options, variables: { ROLLCALL_ISSUER: url, ...options.variables } },
    port,
  )
  options.context?.onTestFinished(async () => void (await started.stop()))
  const service = { ...describeProcess(url, started), port }
  if (options.ready === false) return service
  if (runtime === 'workerd') await untilAnswers(service)
  else await waitForOutput(started, 'stderr', 'listening on')
  return service
}

const commandOf = async (
  runtime: (typeof SERVERS)[number],
  { source = ROOT, context }: StartOptions,
): Promise<readonly string[]> => {
  const entry = join(source, `functions/${runtime === 'Deno' ? 'deno' : 'node'}.ts`)
  if (runtime === 'Node') return [process.execPath, '--import', import.meta.resolve('tsx'), entry]
  const permissions = ['--allow-net', '--allow-env']
  if (runtime === 'Deno')
    return [DENO, 'run', '--no-prompt', '--unstable-kv', ...permissions, entry]
  if (context === undefined) throw new TypeError('Node 24 is found for the context of a test')
  return [await requireNode24(context), entry]
}

/** The variables that are set. */
const setIn = (variables: StartOptions['variables']): [string, string][] =>
  Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))

const startServer =
  (runtime: (typeof SERVERS)[number]) =>
  async (options: StartOptions, port: number): Promise<RunningProcess> => {
    const command = options.command ?? (await commandOf(runtime, options))
    const [program = '', ...args] =
      options.shell === undefined ? command : ['sh', '-c', options.shell, 'sh', ...command]
    const usual = { PORT: String(port), ROLLCALL_LEDGER: 'memory:', NO_COLOR: '1' }
    return startProcess(
      program,
      args,
      Object.fromEntries(setIn({ ...usual, ...options.variables })),
    )
  }

/** The Worker under `wrangler dev`, offline, its Durable Objects on disk. */
const startWorkerd = async (
  { variables, folder, config = join(ROOT, 'wrangler.toml') }: StartOptions,
  port: number,
): Promise<RunningProcess> => {
  if (folder === undefined) throw new TypeError('workerd needs a folder for its state')
  mkdirSync(folder, { recursive: true })
  const envFile = join(folder, `${randomUUID()}.env`)
  const lines = setIn(variables).map(([name, value]) => `${name}='${value}'\n`)
  // In a file: arguments can be seen by every process.
  writeFileSync(envFile, lines.join(''), { mode: 0o600 })
  const args = [
    join(ROOT, 'node_modules/wrangler/bin/wrangler.js'),
    'dev',
    `--config=${config}`,
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--inspector-port=${await reservePort()}`,
    `--persist-to=${join(folder, 'state')}`,
    `--env-file=${envFile}`,
    '--show-interactive-dev-session=false',
  ]
  return startProcess(process.execPath, args, {
    WRANGLER_SEND_METRICS: 'false',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    NO_COLOR: '1',
  })
}

/**
 * A process that was started in another way, as a service, once it answers.
 * @throws Error as {@link startService} does
 */
export const serviceOf = async (
  url: string,
  started: RunningProcess,
): Promise<Omit<ServiceProcess, 'port'>> => {
  const service = describeProcess(url, started)
  await untilAnswers(service)
  return service
}

const describeProcess = (url: string, process: RunningProcess): Omit<ServiceProcess, 'port'> => ({
  url,
  process,
  auditEvents: auditReader(process.output),
  output: () => process.output.stdout + process.output.stderr,
  stop: process.stop,
})

/** Reads the audit events of a process, each line once, and only whole lines. */
const auditReader = (output: { readonly stdout: string }): RunningService['auditEvents'] => {
  const events: Record<string, unknown>[] = []
  let read = 0
  return () => {
    const end = output.stdout.lastIndexOf('\n') + 1
    for (const line of output.stdout.slice(read, end).split('\n')) {
      if (line.startsWith('{"version"')) events.push(JSON.parse(line) as Record<string, unknown>)
    }
    read = end
    return [...events]
  }
}

const untilAnswers = async (service: Omit<ServiceProcess, 'port'>): Promise<void> => {
  const { child } = service.process
  const answers = async (): Promise<boolean> =>
    (await fetch(`${service.url}/healthz`).catch(() => undefined)) !== undefined
  const what = `${child.spawnargs.join(' ')} ready`
  try {
    await waitUntil(answers, {
      seconds: READY_SECONDS,
      what,
      alive: () => child.exitCode === null,
    })
  } catch (error) {
    await service.stop()
    throw new Error(`${String(error)}\n${service.output()}`, { cause: error })
  }
}
