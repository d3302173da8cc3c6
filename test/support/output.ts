// Waiting for what a process writes. Its pipes deliver later than its sockets: an answer may be here before
// the line that was written ahead of it. So a test waits for the line, and reads all only after the end.

import { type RunningProcess, waitUntil } from './processes.ts'

/** The longest wait in seconds, on a machine that does much else. */
const LIMIT_SECONDS = 30

type Stream = keyof RunningProcess['output']

const matches = (text: string, wanted: string | RegExp): boolean =>
  typeof wanted === 'string' ? text.includes(wanted) : text.search(wanted) !== -1

/**
 * Waits until a process has written a text.
 * @returns all that it has written to that stream so far
 * @throws Error with what it has written, after 30 seconds or once the process has ended without the text
 */
export const waitForOutput = async (
  running: RunningProcess,
  stream: Stream,
  wanted: string | RegExp,
): Promise<string> => {
  const { output } = running
  const isThere = (): boolean => matches(output[stream], wanted)
  const what = `${String(wanted)} on ${stream}`
  try {
    // A process that has ended may have written it last: its pipes are read to their ends first.
    const alive = (): boolean => !hasEnded(running) || isThere()
    await waitUntil(isThere, { seconds: LIMIT_SECONDS, what, alive })
  } catch (cause) {
    throw new Error(`${String(cause)}\n${output.stdout}\n${output.stderr}`, { cause })
  }
  return output[stream]
}

/** Whether a process has ended, and all that it wrote has been read. */
const hasEnded = ({ child }: RunningProcess): boolean =>
  (child.exitCode !== null || child.signalCode !== null) &&
  [child.stdout, child.stderr].every((pipe) => pipe === null || pipe.closed)

/**
 * Waits until a process has ended by itself and all that it wrote has been read.
 * @returns the exit status; `null` if a signal ended it
 * @throws Error after 30 seconds
 */
export const waitForEnd = async (running: RunningProcess): Promise<number | null> => {
  const what = `the end of ${running.child.spawnfile}`
  await waitUntil(() => hasEnded(running), { seconds: LIMIT_SECONDS, what })
  return running.child.exitCode
}
