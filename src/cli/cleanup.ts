// Cleans up when a signal ends a command: it removes temporary files with a token, and ends the
// processes that the command has started.

import { thisRun } from './run.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const INTERRUPTED = 130

/** Things to undo when a command ends or is interrupted. */
export interface Cleanup {
  /** Adds something to undo. @returns a function that undoes it now; later calls do nothing */
  add(undo: () => void): () => void
}

/**
 * Undoes everything at a signal, and ends the run.
 * @param statusOf the exit status for a signal. Default: 130, as for an interrupted shell script
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
