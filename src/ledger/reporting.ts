// A ledger that tells the operator why it can't answer. Clients learn only that they should come again.

import { LedgerUnavailableError } from '../errors.ts'
import type { Ledger } from './ledger.ts'

/** While a store is away every call fails: one line in so many milliseconds is enough. */
const SILENCE_MS = 10_000

/**
 * Makes every failure of a ledger known.
 * @param report takes a line, which has nothing secret in it
 */
export const reportFailures = <L extends Ledger>(ledger: L, report: (line: string) => void): L => {
  let silentUntil = 0
  const reporting =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      try {
        return await call(...args)
      } catch (error) {
        if (error instanceof LedgerUnavailableError && performance.now() >= silentUntil) {
          silentUntil = performance.now() + SILENCE_MS
          report(error.message)
        }
        throw error
      }
    }
  return {
    ...ledger,
    read: reporting(ledger.read),
    compareAndSet: reporting(ledger.compareAndSet),
    list: reporting(ledger.list),
  }
}
