// The servers that are compared: ours as it is deployed, a bare one on Node, and a Go peer. Each answers the
// same two calls, with its state in memory.

import { reservePort } from '../support/ports.ts'
import { startProcess, waitUntil } from '../support/processes.ts'
import { admitting } from '../support/test-enroller.ts'
import type { TestCloud } from '../support/test-cloud.ts'
import { mainThreadMs, memoryMib, processorMs } from './processor.ts'

const READY_SECONDS = 30
/** What each server says once it takes requests; Node's inspector says something like it. */
const LISTENING = 'listening on http:'

/** A server that is measured. */
export interface MeasuredServer {
  readonly url: string
  /** Milliseconds that all its threads have run on a processor. */
  processorMs(): number
  /** Milliseconds that its main thread has run. */
  mainThreadMs(): number
  /** Mebibytes of memory that it has. */
  memoryMib(): number
  /** What it has written since the last call: its audit events. */
  takeOutput(): string
  stop(): Promise<unknown>
}

/** Starts a server. @param env what it needs beside `PORT` and `ROLLCALL_ISSUER` */
export const startServer = async (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<MeasuredServer> => {
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  const variables = { PORT: String(port), ROLLCALL_ISSUER: url, ...env }
  const { child, output, stop } = startProcess(command, args, variables)
  try {
    await waitUntil(() => output.stderr.includes(LISTENING), {
      seconds: READY_SECONDS,
      what: `${command} ${args.join(' ')}`,
      alive: () => child.exitCode === null,
    })
  } catch (error) {
    await stop()
    throw new Error(`${String(error)}\n${output.stderr}`, { cause: error })
  }
  const pid = child.pid as number
  return {
    url,
    processorMs: () => processorMs(pid),
    mainThreadMs: () => mainThreadMs(pid),
    memoryMib: () => memoryMib(pid),
    takeOutput() {
      const { stdout } = output
      output.stdout = ''
      return stdout
    },
    stop,
  }
}

/** What a server is configured with. */
export const variablesOf = (
  { certificatePem }: TestCloud,
  signingKeys: object,
): Record<string, string> => ({
  ROLLCALL_SIGNING_KEYS: JSON.stringify(signingKeys),
  ROLLCALL_POLICY: JSON.stringify(admitting()),
  ROLLCALL_TRUST_ANCHORS: certificatePem,
})

/**
 * Starts a server of one file on the Node that runs this.
 * @param flags of Node. Default: none
 */
export const startNode = (
  file: string,
  variables: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<MeasuredServer> =>
  startServer(process.execPath, [...flags, file], { ROLLCALL_LEDGER: 'memory:', ...variables })
