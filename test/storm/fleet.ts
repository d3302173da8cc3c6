// The service of a storm: several processes of the file that is deployed, on one Redis, behind a balancer that does not
// know which of them are healthy. Each writes its audit events to a file of its own.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { processorMs } from '../bench/processor.ts'
import { reservePort } from '../support/ports.ts'
import { type RunningProcess, startProcess } from '../support/processes.ts'
import { waitForOutput } from '../support/output.ts'
import { ROOT } from '../support/sources.ts'

const run = promisify(execFile)

/** One place of the fleet: its process may be replaced. */
export interface Place {
  readonly index: number
  readonly port: number
  /** The process that runs now. */
  readonly pid: number
  /** Whether the balancer sends calls to it. */
  readonly inUse: boolean
}

/** See {@link startFleet}. */
export interface Fleet {
  readonly places: readonly Place[]
  /** The files of audit events. */
  readonly auditFiles: readonly string[]
  /** SIGKILL, at once. Calls are still sent there. */
  kill(index: number): Promise<void>
  /** Starts a process in the place of one that has ended. */
  replace(index: number): Promise<void>
  /** One after the other: takes it out of use, ends it by SIGTERM, starts the next one. */
  restartAll(): Promise<void>
  /** Milliseconds of processor time of all processes so far, their starts left out, those that have ended included. */
  processorMs(): number
  stop(): Promise<void>
}

interface Life {
  readonly process: RunningProcess
  readonly pid: number
  /** Processor time of its start. */
  startMs: number
}

/** Processor time of a process since it had started. */
const servingMs = ({ pid, startMs }: Life): number => processorMs(pid) - startMs

/** Builds the file that is deployed. @returns its path */
export const buildService = async (folder: string): Promise<string> => {
  await run(process.execPath, ['--import', 'tsx', join(ROOT, 'functions/build.ts'), folder], {
    cwd: ROOT,
  })
  return join(folder, 'node.mjs')
}

/**
 * Starts the processes.
 * @param entry the file that is deployed
 * @param variablesOf the process at an index; `PORT` is chosen here
 */
export const startFleet = async (
  entry: string,
  count: number,
  folder: string,
  variablesOf: (index: number) => Readonly<Record<string, string>>,
): Promise<Fleet> => {
  const places: { index: number; port: number; pid: number; inUse: boolean }[] = []
  const lives: (Life | undefined)[] = []
  const auditFiles: string[] = []
  let spentMs = 0

  const start = async (index: number): Promise<void> => {
    const place = places[index]
    if (place === undefined) throw new RangeError(`there is no place ${index}`)
    const file = join(folder, `audit-${auditFiles.length}.jsonl`)
    auditFiles.push(file)
    // `exec` keeps the process that was started here: it can be measured and killed by its id.
    const command = ['-c', 'exec "$@" > "$0"', file, process.execPath, entry]
    const started = startProcess('sh', command, {
      ...variablesOf(index),
      PORT: String(place.port),
    })
    const pid = started.child.pid as number
    const life: Life = { process: started, pid, startMs: 0 }
    lives[index] = life
    place.pid = pid
    await waitForOutput(started, 'stderr', 'listening on')
    life.startMs = processorMs(pid)
    place.inUse = true
  }

  /** Ends a process and keeps its processor time. */
  const end = async (index: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const life = lives[index]
    if (life === undefined) return
    spentMs += servingMs(life)
    if (signal === 'SIGKILL') life.process.child.kill('SIGKILL')
    await life.process.stop()
    lives[index] = undefined
  }

  for (let index = 0; index < count; index++) {
    places.push({ index, port: await reservePort(), pid: 0, inUse: false })
  }
  const stop = async (): Promise<void> => {
    await Promise.all(places.map(({ index }) => end(index, 'SIGTERM')))
  }
  try {
    await Promise.all(places.map(({ index }) => start(index)))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    places,
    auditFiles,
    kill: (index) => end(index, 'SIGKILL'),
    replace: start,
    async restartAll() {
      for (const place of places) {
        place.inUse = places.length === 1
        await end(place.index, 'SIGTERM')
        await start(place.index)
      }
    },
    processorMs: () =>
      lives.reduce((sum, life) => sum + (life === undefined ? 0 : servingMs(life)), spentMs),
    stop,
  }
}
