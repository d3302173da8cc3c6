// Whole writes to a file descriptor. One system call may take a part of the bytes: a disk that fills up
// does so before it reports an error.

import { SYSTEM_TIMING } from '../base/timing.ts'
import type { WriteBytes } from './audit-writer.ts'

/** How long to wait for a file that takes nothing right now. */
const AGAIN_SECONDS = 0.02

/** Writes some of the bytes. @returns how many */
export type WriteSome = (bytes: Uint8Array) => number | Promise<number>

/** Whether the same write may succeed later. */
const isTemporary = (error: unknown): boolean => {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
  return code === 'EAGAIN' || code === 'EINTR' || name === 'WouldBlock' || name === 'Interrupted'
}

const writeAll = async (write: WriteSome, bytes: Uint8Array): Promise<void> => {
  let rest = bytes
  while (rest.length > 0) {
    try {
      const count = await write(rest)
      if (count <= 0) throw new Error('a write of no byte')
      rest = rest.subarray(count)
    } catch (error) {
      if (!isTemporary(error)) throw error
      await SYSTEM_TIMING.wait(AGAIN_SECONDS)
    }
  }
}

/** Makes a writer of whole texts, one after the other: no line is written into another one. */
export const inWholeLines = (write: WriteSome): WriteBytes => {
  let last: Promise<void> = Promise.resolve()
  return (bytes) => {
    const done = last.then(() => writeAll(write, bytes))
    last = done.catch(() => undefined)
    return done
  }
}
