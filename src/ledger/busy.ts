// Waiting for a SQLite file that another process has locked, without stopping this one meanwhile.

/** How long a call tries again. */
const BUSY_MS = 2_000
/** Pauses between, at most: the longest that a process holds the lock is a flush to disk. */
const PAUSE_MS = 10

/**
 * Tries again and again, for two seconds, as long as an attempt fails because of a lock.
 * @param attempt has changed nothing if it fails so
 * @throws what the last attempt threw
 */
export const retryWhileBusy = async <Result>(
  attempt: () => Result | Promise<Result>,
  isBusy: (error: unknown) => boolean,
): Promise<Result> => {
  const end = performance.now() + BUSY_MS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!isBusy(error) || performance.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * PAUSE_MS))
    }
  }
}
