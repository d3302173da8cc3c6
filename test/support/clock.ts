// Clocks of services under test: the machine's, which has to be waited for, and one that a test moves on.

import { setTimeout } from 'node:timers/promises'

/** A clock. */
export interface Clock {
  /** Unix seconds, with a fraction. */
  now(): number
  /** Lets seconds go by. */
  pass(seconds: number): Promise<void>
}

/** For a service in another process: seconds go by when they do. */
export const realClock: Clock = {
  now: () => Date.now() / 1000,
  pass: (seconds) => setTimeout(seconds * 1000),
}

/** For a service in this process: goes with the machine's clock, and jumps ahead when a test asks for it. */
export const createMovableClock = (): Clock => {
  let ahead = 0
  return {
    now: () => Date.now() / 1000 + ahead,
    pass: (seconds) => {
      ahead += seconds
      return Promise.resolve()
    },
  }
}

/**
 * Lets the present second end: a challenge knows the second in which it was made, and one made in the second
 * of a reset is refused.
 */
export const nextSecond = (clock: Clock = realClock): Promise<void> =>
  clock.pass(1.01 - (clock.now() % 1))
