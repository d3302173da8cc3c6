// A service that is killed again and again, and started anew on the same port with the same state: its
// process may be of any Node.

import { build } from 'esbuild'
import { join } from 'node:path'
import { waitForOutput } from '../../support/output.ts'
import { reservePort } from '../../support/ports.ts'
import { type RunningProcess, startProcess } from '../../support/processes.ts'
import { ROOT } from '../../support/sources.ts'

/** A service that can be killed. */
export interface MortalService {
  readonly url: string
  /** @throws Error if it is not ready in time */
  start(): Promise<void>
  /** SIGKILL, at once. */
  kill(): void
  /** Waits for the end of a process that was killed; no other has its port or its state. */
  ended(): Promise<void>
  /** Its audit events, of all its lives. */
  auditEvents(): readonly Readonly<Record<string, unknown>>[]
}

/**
 * Makes the service one file, which any Node starts in a part of the time.
 * @param source folder of the project, or of a copy of it
 * @returns its path
 */
export const bundleService = async (folder: string, source = ROOT): Promise<string> => {
  const outfile = join(folder, 'node.mjs')
  await build({
    entryPoints: [join(source, 'functions/node.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // Packages that are not modules ask for what Node has.
    banner: {
      js: `import { createRequire } from 'node:module'
        const require = createRequire(import.meta.url)`,
    },
    logLevel: 'error',
  })
  return outfile
}

/** How the service is run. */
export interface Command {
  readonly node: string
  readonly entry: string
}

/** Creates a service that is not running yet. @param variablesOf gets its URL, which is its issuer */
export const createMortalService = async (
  { node, entry }: Command,
  variablesOf: (url: string) => Promise<Readonly<Record<string, string>>>,
): Promise<MortalService> => {
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  const variables = { ...(await variablesOf(url)), PORT: String(port) }
  const lives: RunningProcess[] = []
  return {
    url,
    async start() {
      const life = startProcess(node, [entry], variables)
      lives.push(life)
      await waitForOutput(life, 'stderr', 'listening on')
    },
    kill: () => void lives.at(-1)?.child.kill('SIGKILL'),
    async ended() {
      await lives.at(-1)?.stop()
    },
    auditEvents: () =>
      lives
        .flatMap(({ output }) => output.stdout.split('\n').slice(0, -1))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}
