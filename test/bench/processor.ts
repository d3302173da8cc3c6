// What the kernel knows of a process. Linux only.

import { readFileSync, readdirSync } from 'node:fs'

const threadMs = (pid: number, thread: number | string): number =>
  Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6

/** Milliseconds that all threads of a process have run on a processor. */
export const processorMs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + threadMs(pid, thread), 0)

/** Milliseconds that the main thread of a process has run on a processor. */
export const mainThreadMs = (pid: number): number => threadMs(pid, pid)

/** Mebibytes of memory that a process has. */
export const memoryMib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
