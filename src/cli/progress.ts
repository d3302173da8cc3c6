// How far a long run has come, on standard error: one line that changes on a terminal, else a line each.

import { type Output, thisRun } from './run.ts'

/** Tells how far it has come. */
export interface Progress {
  at(line: string): void
  /** Leaves the last line as it stands. */
  end(): void
}

/** Starts to tell. */
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
