// What the test process and the process that hosts a driver say to each other: lists of calls, as JSON,
// and what came of each. Many in one request, so that racers really start at once.

import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import type { Ledger, LedgerEntry } from '../../../src/ledger/ledger.ts'

/** Where calls are posted. */
export const CALLS_PATH = '/calls'

export type LedgerCall = { readonly now: number } & (
  | { readonly method: 'read'; readonly key: string }
  | {
      readonly method: 'compareAndSet'
      readonly entry: LedgerEntry
      readonly expected?: string | undefined
    }
  | {
      readonly method: 'list'
      readonly kind: string
      readonly cursor?: string | undefined
      readonly limit: number
    }
)

/** What a call gave, or the error that the driver threw. */
export type LedgerAnswer =
  | { readonly result?: unknown }
  | { readonly error: { readonly name: string; readonly message: string } }

const call = (ledger: Ledger, it: LedgerCall): Promise<unknown> => {
  switch (it.method) {
    case 'read':
      return ledger.read(it.key, it.now)
    case 'compareAndSet':
      return ledger.compareAndSet(it.entry, it.expected, it.now)
    case 'list':
      return ledger.list(it.kind, it, it.now)
  }
}

/** In the host: makes all calls at once. */
export const answerCalls = (
  ledger: Ledger,
  calls: readonly LedgerCall[],
): Promise<LedgerAnswer[]> =>
  Promise.all(
    calls.map(async (it) => {
      try {
        return { result: await call(ledger, it) }
      } catch (error) {
        const { name, message, cause } = error as Error
        return { error: { name, message: `${message} (${String(cause)})` } }
      }
    }),
  )

const ERRORS: Readonly<Record<string, new (message: string) => Error>> = {
  LedgerUnavailableError,
  RangeError,
}

/** In the test process: what the call gave. @throws the driver's error, by the same class */
export const resultOf = (answer: LedgerAnswer): unknown => {
  if (!('error' in answer)) return answer.result
  const { name, message } = answer.error
  throw new (ERRORS[name] ?? Error)(`${name}: ${message}`)
}
