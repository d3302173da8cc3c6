// What the kernel knows of a process. Linux only.

import { readFileSync, readdirSync } from 'node:fs'

/** Milliseconds that all threads of a process have run on a processor. */
export const processorMs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
    .reduce((sum, nanoseconds) => sum + Number(nanoseconds) / 1e6, 0)

/** Mebibytes of memory that a process has. */
export const memoryMib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
