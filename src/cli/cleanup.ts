// What must not be left behind when a signal ends a command: temporary files with a token, processes
// that it has started.

import { thisRun } from './run.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const INTERRUPTED = 130

/** Things to undo when a command ends or is interrupted. */
export interface Cleanup {
  /** Adds something to undo. @returns what does it now, and not once more */
  add(undo: () => void): () => void
}

/**
 * Undoes things when a signal comes, and ends the run.
 * @param statusOf the exit status for a signal. Default: 130, as of a shell script that was interrupted
 */
export const cleanUpOnSignals = (
  statusOf: (signal: NodeJS.Signals) => number = () => INTERRUPTED,
): Cleanup => {
  const run = thisRun()
  const undos = new Set<() => void>()
  for (const signal of SIGNALS) {
    run.onSignal(signal, () => {
      for (const undo of undos) undo()
      run.end(statusOf(signal))
    })
  }
  return {
    add(undo) {
      undos.add(undo)
      return () => {
        if (undos.delete(undo)) undo()
      }
    },
  }
}
