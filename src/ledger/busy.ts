// Waiting for a SQLite file that another process has locked, without stopping this one meanwhile.

import { SYSTEM_TIMING, type Timing } from '../base/timing.ts'

/** How long a call tries again. */
const BUSY_SECONDS = 2
/** Pauses between, at most: the longest that a process holds the lock is a flush to disk. */
const PAUSE_SECONDS = 0.01

/**
 * Tries again and again, for two seconds, as long as an attempt fails because of a lock.
 * @param attempt has changed nothing if it fails so
 * @param timing default: the platform's
 * @throws what the last attempt threw
 */
export const retryWhileBusy = async <Result>(
  attempt: () => Result | Promise<Result>,
  isBusy: (error: unknown) => boolean,
  timing: Pick<Timing, 'elapsed' | 'random' | 'wait'> = SYSTEM_TIMING,
): Promise<Result> => {
  const end = timing.elapsed() + BUSY_SECONDS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!isBusy(error) || timing.elapsed() > end) throw error
      await timing.wait(0.001 + timing.random() * PAUSE_SECONDS)
    }
  }
}
