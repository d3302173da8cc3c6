// The service really started: the Worker in workerd under `wrangler dev`, or the Node server.

import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { reservePort } from './ports.ts'
import { type RunningProcess, startProcess, waitUntil } from './processes.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const READY_SECONDS = 30

/** A running service. */
export interface Service {
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

/** Reads the audit events of a process, each line once, and only whole lines. */
const auditReader = (output: { readonly stdout: string }): Service['auditEvents'] => {
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

/** A process as a service, once it answers. */
export const serviceOf = async (
  url: string,
  { child, output, stop }: RunningProcess,
): Promise<Service> => {
  const answers = async (): Promise<boolean> => {
    const response = await fetch(`${url}/healthz`).catch(() => undefined)
    return response !== undefined
  }
  try {
    const alive = (): boolean => child.exitCode === null
    await waitUntil(answers, {
      seconds: READY_SECONDS,
      what: `${child.spawnargs.join(' ')} ready`,
      alive,
    })
  } catch (error) {
    await stop()
    throw new Error(`${String(error)}\n${output.stdout}\n${output.stderr}`, { cause: error })
  }
  return {
    url,
    auditEvents: auditReader(output),
    output: () => output.stdout + output.stderr,
    stop,
  }
}

const startService = (
  url: string,
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<Service> => serviceOf(url, startProcess(command, args, env))

/** What both services are started with: variables but the issuer, which is the service's URL. */
export type ServiceVariables = Readonly<Record<string, string>>

/** Where a Worker keeps its things, so that another one can go on with them. */
export interface WorkerPlace {
  /** A folder for its state and its variables. */
  readonly folder: string
  readonly port: number
  /** Default: the project's own. */
  readonly config?: string
}

/** Starts the Worker in workerd, offline, its Durable Object on disk. */
export const startWorker = async (
  variables: ServiceVariables,
  { folder, port, config = join(ROOT, 'wrangler.toml') }: WorkerPlace,
): Promise<Service> => {
  const url = `http://127.0.0.1:${port}`
  mkdirSync(folder, { recursive: true })
  const envFile = join(folder, `${randomUUID()}.env`)
  const lines = Object.entries({ ROLLCALL_ISSUER: url, ...variables }).map(
    ([name, value]) => `${name}='${value}'\n`,
  )
  // In a file: arguments can be seen by every process.
  writeFileSync(envFile, lines.join(''), { mode: 0o600 })
  const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
  const args = [
    wrangler,
    'dev',
    `--config=${config}`,
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--inspector-port=${await reservePort()}`,
    `--persist-to=${join(folder, 'state')}`,
    `--env-file=${envFile}`,
    '--show-interactive-dev-session=false',
  ]
  return startService(url, process.execPath, args, {
    WRANGLER_SEND_METRICS: 'false',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    NO_COLOR: '1',
  })
}

/** Starts the Node server, its ledger in memory. */
export const startNode = async (
  variables: ServiceVariables,
  entry: string = join(ROOT, 'functions/node.ts'),
): Promise<Service> => {
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  const loader = import.meta.resolve('tsx')
  return startService(url, process.execPath, ['--import', loader, entry], {
    PORT: String(port),
    ROLLCALL_ISSUER: url,
    ROLLCALL_LEDGER: 'memory:',
    ...variables,
  })
}
