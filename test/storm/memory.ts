// The memory of the processes of a storm, sampled while it runs.

import { memoryMib } from '../bench/processor.ts'
import type { Fleet } from './fleet.ts'

/** Resident sizes at one moment. */
export interface MemorySample {
  readonly atSeconds: number
  /** Tokens that had arrived by then. */
  readonly tokens: number
  /** Of each process of the service, in MiB; 0 while a place is empty. */
  readonly servicesMib: readonly number[]
  readonly redisMib: number
}

const sizeOf = (pid: number): number => {
  try {
    const mib = memoryMib(pid)
    return Number.isNaN(mib) ? 0 : mib
  } catch {
    return 0
  }
}

/** Takes a sample. */
export const sampleMemory = (
  fleet: Fleet,
  redisPid: number,
  { atSeconds, tokens }: { atSeconds: number; tokens: number },
): MemorySample => ({
  atSeconds,
  tokens,
  servicesMib: fleet.places.map(({ pid }) => sizeOf(pid)),
  redisMib: sizeOf(redisPid),
})

/** The first sample at which so many tokens had arrived. */
export const sampleAt = (
  samples: readonly MemorySample[],
  tokens: number,
): MemorySample | undefined => samples.find((sample) => sample.tokens >= tokens)

/** What all processes of the service have, in MiB. */
export const totalMib = ({ servicesMib }: MemorySample): number =>
  servicesMib.reduce((sum, mib) => sum + mib, 0)
