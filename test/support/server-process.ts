// The service as a process on each runtime that has one, its standard output wherever a test wants it.

import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { POLICY } from './test-service.ts'
import { getChallenge } from './instance.ts'
import { requireNode24 } from './node24.ts'
import { waitForOutput } from './output.ts'
import { reservePort } from './ports.ts'
import { type RunningProcess, startProcess } from './processes.ts'
import { ROOT } from './sources.ts'
import { createTestCloud, documentText, withAudience } from './test-cloud.ts'

/** The longest wait in seconds. */
export const SECONDS = 30

const NODE = join(ROOT, 'functions/node.ts')
const DENO = join(ROOT, 'functions/deno.ts')
const DENO_FLAGS = ['run', '--no-prompt', '--unstable-kv', '--allow-net', '--allow-env']

/** A runtime: its name, and the command that starts the service there. */
export type Runtime = readonly [string, (context: TestContext) => Promise<readonly string[]>]

export const RUNTIMES: readonly Runtime[] = [
  ['Node', async () => [process.execPath, '--import', import.meta.resolve('tsx'), NODE]],
  ['Node 24', async (context) => [await requireNode24(context), NODE]],
  ['Deno', async () => [join(ROOT, 'node_modules/.bin/deno'), ...DENO_FLAGS, DENO]],
]

/** A server that was started. */
export interface Server extends RunningProcess {
  readonly port: number
  readonly url: string
}

/** How a server is started. */
export interface ServerOptions {
  /** A redirection of the shell, such as `> /dev/full`. Default: a reader that collects all. */
  readonly redirect?: string
  readonly env?: Record<string, string>
  /** Whether to wait until it listens. Default: true. */
  readonly listening?: boolean
}

/** Starts servers, and ends them. */
export interface Servers {
  start(command: readonly string[], options?: ServerOptions): Promise<Server>
  /** Evidence over a new challenge of the server. */
  evidence(url: string): Promise<{ readonly document: string; readonly pkcs7: string }>
  stop(): Promise<void>
}

/** Makes what servers are configured with. */
export const createServers = async (): Promise<Servers> => {
  const running = new Set<RunningProcess>()
  const cloud = await createTestCloud()
  const variables = {
    ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
    ROLLCALL_POLICY: JSON.stringify(POLICY),
    ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
    ROLLCALL_LEDGER: 'memory:',
    NO_COLOR: '1',
  }
  return {
    async start(command, { redirect = '', env = {}, listening = true } = {}) {
      const port = await reservePort()
      const url = `http://127.0.0.1:${port}`
      const args = ['-c', `exec "$@" ${redirect}`, 'sh', ...command]
      const own = { ROLLCALL_ISSUER: url, PORT: String(port) }
      const server = startProcess('sh', args, { ...variables, ...own, ...env })
      running.add(server)
      if (listening) await waitForOutput(server, 'stderr', 'listening on')
      return { ...server, port, url }
    },
    async evidence(url) {
      const document = documentText()
      const der = cloud.sign(withAudience(document, await getChallenge(url)))
      return { document, pkcs7: Buffer.from(der).toString('base64') }
    },
    stop: async () => void (await Promise.all([...running].map(({ stop }) => stop()))),
  }
}

/** Asks for a challenge. */
export const askChallenge = (url: string): Promise<Response> =>
  fetch(`${url}/v1/challenge`, { method: 'POST', headers: { Connection: 'close' } })
