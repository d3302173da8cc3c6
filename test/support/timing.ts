// Time that tests make: waits end at once and are noted, and clocks move only by them.

import type { Timer, Timing } from '../../src/base/timing.ts'

/** Time that a test has made, and what was waited for. */
export interface TestTiming extends Timing {
  /** Each wait, in seconds. */
  readonly waits: readonly number[]
  /** Lets time pass. */
  pass(seconds: number): void
}

/** Makes such time. @param random what the dice show. Default: 0.5 */
export const createTestTiming = (random = 0.5): TestTiming => {
  const startedAt = Date.now() / 1000
  const waits: number[] = []
  let passed = 0
  return {
    waits,
    pass: (seconds) => void (passed += seconds),
    now: () => startedAt + passed,
    elapsed: () => passed,
    async wait(seconds, signal) {
      signal?.throwIfAborted()
      waits.push(seconds)
      passed += seconds
    },
    random: () => random,
  }
}

/** Timers that a test lets go off. */
export interface TestTimers {
  readonly timer: Timer
  /** Those that were started and not taken back, in seconds. */
  readonly running: () => readonly number[]
  /** Lets all of them go off. */
  goOff(): void
}

/** Makes such timers. */
export const createTestTimers = (): TestTimers => {
  const running = new Set<{ readonly seconds: number; readonly due: () => void }>()
  return {
    timer(seconds, due) {
      const one = { seconds, due }
      running.add(one)
      return () => void running.delete(one)
    },
    running: () => [...running].map(({ seconds }) => seconds),
    goOff() {
      const due = [...running]
      running.clear()
      for (const one of due) one.due()
    },
  }
}
