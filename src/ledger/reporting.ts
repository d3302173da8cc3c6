// A ledger that tells the operator why it can't answer. Clients learn only that they should try again.

import { LedgerUnavailableError } from '../base/errors.ts'
import { describeCause } from './cause.ts'
import type { Ledger } from './ledger.ts'

/** While a store does not answer every call fails: one line in so many milliseconds is enough for one cause. */
const SILENCE_MS = 10_000
/** How many causes have a line of their own. Further ones share one, so that neither table nor log grows. */
const MAX_CAUSES = 16
const FURTHER = ''

const lineOf = ({ message, cause }: LedgerUnavailableError): string => {
  const why = describeCause(cause)
  return why === '' ? message : `${message}: ${why}`
}

/**
 * Makes every failure of a ledger known, with its cause: at most once in ten seconds for the same cause.
 * @param report takes a line, which has nothing secret in it
 */
export const reportFailures = (ledger: Ledger, report: (line: string) => void): Ledger => {
  const silentUntil = new Map<string, number>()

  const tell = (line: string): void => {
    const now = performance.now()
    for (const [told, untilMs] of silentUntil) if (untilMs <= now) silentUntil.delete(told)
    const place = silentUntil.has(line) || silentUntil.size < MAX_CAUSES ? line : FURTHER
    if (silentUntil.has(place)) return
    silentUntil.set(place, now + SILENCE_MS)
    report(line)
  }

  const reporting =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      try {
        return await call(...args)
      } catch (error) {
        if (error instanceof LedgerUnavailableError) tell(lineOf(error))
        throw error
      }
    }

  return {
    // It changes while the service runs.
    get remembersSince() {
      return ledger.remembersSince
    },
    read: reporting(ledger.read),
    compareAndSet: reporting(ledger.compareAndSet),
    list: reporting(ledger.list),
  }
}
