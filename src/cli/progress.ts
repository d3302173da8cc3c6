// Progress of a long run, on standard error: one changing line on a terminal, otherwise one line
// for each step.

import { type Output, thisRun } from './run.ts'

/** Shows the progress. */
export interface Progress {
  at(line: string): void
  /** Keeps the last line. */
  end(): void
}

/** Starts to show progress. */
export const startProgress = (stream: Output = thisRun().stderr): Progress => {
  let open = false
  return {
    at(line) {
      stream.write(stream.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
      open = stream.isTTY === true
    },
    end() {
      if (open) stream.write('\n')
      open = false
    },
  }
}
