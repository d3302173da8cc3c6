// Time for tests in which nobody waits: a wait ends at once, and all clocks of the test jump ahead by it.

import { setImmediate } from 'node:timers/promises'
import { SYSTEM_TIMING, type Timing } from '../../src/base/timing.ts'

/** Clocks that a wait moves. */
export interface FastTiming extends Timing {
  /** Each wait that was asked for, in seconds. */
  readonly waits: readonly number[]
}

/** Starts clocks at the present. */
export const createFastTiming = (): FastTiming => {
  const waits: number[] = []
  let ahead = 0
  return {
    ...SYSTEM_TIMING,
    waits,
    now: () => SYSTEM_TIMING.now() + ahead,
    elapsed: () => SYSTEM_TIMING.elapsed() + ahead,
    async wait(seconds, signal) {
      signal?.throwIfAborted()
      waits.push(seconds)
      ahead += seconds
      await setImmediate()
      signal?.throwIfAborted()
    },
  }
}
