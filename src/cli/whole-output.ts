// Standard output that takes everything or says why it cannot. On a full disk, the stream of Node ends without an error
// after a part of a text: a token in such a file would be cut off, and the exit status 0.

import { fstatSync, writeSync } from 'node:fs'
import type { Output } from './run.ts'

/** An output that knows whether it took everything. */
export interface WholeOutput extends Output {
  /**
   * Waits until everything is written.
   * @returns why it is not: a code such as `ENOSPC`, or `EPIPE` if the reader has closed a pipe
   */
  flush(): Promise<string | undefined>
}

/** A stream of the process. */
type Stream = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write' | 'on'> & {
  readonly fd: number
}

const isFile = (fd: number): boolean => {
  try {
    return fstatSync(fd).isFile()
  } catch {
    return false
  }
}

/** Writes on until a call fails: one that has written a part fails at the next. @throws NodeJS.ErrnoException */
const writeAll = (fd: number, data: string | Uint8Array): void => {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
}

/** Makes the output of a stream of the process. */
export const createWholeOutput = (stream: Stream): WholeOutput => {
  const listeners = new Set<() => void>()
  let problem: string | undefined
  const fail = ({ code, name }: NodeJS.ErrnoException): void => {
    problem ??= code ?? name
    for (const listener of listeners) listener()
    listeners.clear()
  }
  stream.on('error', fail)
  const { fd } = stream
  const toFile = isFile(fd)
  return {
    write(data) {
      if (problem !== undefined) return
      if (!toFile) {
        stream.write(data)
        return
      }
      try {
        writeAll(fd, data)
      } catch (error) {
        fail(error as NodeJS.ErrnoException)
      }
    },
    once: (_, listener) => listeners.add(listener),
    fd,
    get isTTY() {
      return stream.isTTY
    },
    get columns() {
      return stream.columns
    },
    flush: () =>
      new Promise((resolve) => {
        if (problem !== undefined) return resolve(problem)
        stream.write('', (error) => {
          if (error) fail(error)
          resolve(problem)
        })
      }),
  }
}
