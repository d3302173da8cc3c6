// A clock that also counts the time for which the machine was suspended.

import type { Timing } from '../base/timing.ts'

/**
 * How far the wall clock may get ahead of the monotonic one before that counts: above the difference between two
 * readings and above what NTP corrects by running faster.
 */
const STEP_SECONDS = 1

/**
 * The same timing, but `elapsed()` also counts the time for which the machine hibernates or its
 * host has paused it. The platform's monotonic clock stops then, so the wall clock is ahead
 * afterwards. Setting the wall clock forward looks the same and counts as elapsed time. Setting it
 * back has no effect.
 */
export const countSuspension = (timing: Timing): Timing => {
  const lead = (): number => timing.now() - timing.elapsed()
  let known = lead()
  let suspended = 0
  return {
    ...timing,
    elapsed() {
      const step = lead() - known
      if (Math.abs(step) > STEP_SECONDS) {
        known += step
        suspended += Math.max(0, step)
      }
      return timing.elapsed() + suspended
    },
  }
}
