// One run of the command: its streams, environment, folder and signals. Subcommands get these from
// `thisRun()` and never use the process, so that several runs can share one process.

import { AsyncLocalStorage } from 'node:async_hooks'
import { isAbsolute, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import type { Timing } from '../base/timing.ts'

/** The width of help texts outside a terminal. */
export const DEFAULT_COLUMNS = 80

/** Standard output or standard error. */
export interface Output {
  write(data: string | Uint8Array): unknown
  /** Called when the reader has closed the stream, as `head` does. */
  once(event: 'error', listener: () => void): unknown
  readonly isTTY?: boolean
  /** Width of the terminal. */
  readonly columns?: number
  /** File descriptor, where there is one. */
  readonly fd?: number
}

/** The environment of a run. */
export interface Surroundings {
  /** Opens standard input. Most runs never call it. */
  readonly stdin: () => Readable & { readonly isTTY?: boolean }
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute path of the working folder. */
  readonly cwd: string
  /** Where signals arrive: the process itself, or an `EventEmitter`. */
  readonly signals: {
    once(signal: NodeJS.Signals, listener: () => void): unknown
    off(signal: NodeJS.Signals, listener: () => void): unknown
  }
  readonly timing: Timing
}

/** A run in progress. */
export interface Run extends Surroundings {
  /** Calls a listener at the first signal of this name. The next one has its usual effect. */
  onSignal(signal: NodeJS.Signals, listener: () => void): void
  /** Sets the exit status that the run ends with, unless an error decides it. */
  exitWith(status: number): void
  /** Aborted when the run has ended; work that still goes on should stop. */
  readonly signal: AbortSignal
  /** Ends the run at once, whatever it is doing. */
  end(status: number): void
}

const runs = new AsyncLocalStorage<Run>()

/** The run of the caller. @throws Error outside a run */
export const thisRun = (): Run => {
  const run = runs.getStore()
  if (run === undefined) throw new Error('this code works within a run of the command only')
  return run
}

/** The absolute path of a file that was named in this run. */
export const inFolder = (path: string): string =>
  isAbsolute(path) ? path : resolve(thisRun().cwd, path)

/** How a run ended. */
export interface Ending {
  readonly status: number
  /** Whether it was ended in the middle of its work. Some of that work may still go on. */
  readonly cut: boolean
}

/**
 * Runs some work as one run.
 * @param work returns the exit status for an error; `undefined` leaves what `exitWith()` set
 */
export const startRun = (
  surroundings: Surroundings,
  work: () => Promise<number | undefined>,
): Promise<Ending> =>
  new Promise((resolvePromise, reject) => {
    const listeners: (readonly [NodeJS.Signals, () => void])[] = []
    const controller = new AbortController()
    let status = 0
    const finish = (ending: Ending): void => {
      controller.abort()
      for (const [signal, listener] of listeners) surroundings.signals.off(signal, listener)
      resolvePromise(ending)
    }
    const run: Run = {
      ...surroundings,
      signal: controller.signal,
      onSignal(signal, listener) {
        listeners.push([signal, listener])
        surroundings.signals.once(signal, listener)
      },
      exitWith: (it) => void (status = it),
      end: (it) => finish({ status: it, cut: true }),
    }
    runs.run(run, () =>
      work().then((failed) => finish({ status: failed ?? status, cut: false }), reject),
    )
  })
