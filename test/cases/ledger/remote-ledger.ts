// The ledger of another process, over HTTP on this machine. Errors are those that the driver threw
// there; that the host itself can't be reached is an error of another class.

import type { Ledger, LedgerPage, Swap } from '../../../src/ledger/ledger.ts'
import {
  CALLS_PATH,
  type LedgerAnswer,
  type LedgerCall,
  resultOf,
} from '../../system/ledger/host-calls.ts'

/** Longer than any driver may take. */
const TIMEOUT_MS = 30_000

interface Waiting {
  readonly call: LedgerCall
  resolve(answer: LedgerAnswer): void
  reject(error: unknown): void
}

/** Creates the ledger of the host at a URL. */
export const createRemoteLedger = (url: string): Ledger => {
  let waiting: Waiting[] = []

  const post = async (calls: readonly Waiting[]): Promise<void> => {
    try {
      const response = await fetch(url + CALLS_PATH, {
        method: 'POST',
        body: JSON.stringify(calls.map(({ call }) => call)),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      if (!response.ok) throw new Error(`the host answered ${response.status}`)
      const answers = (await response.json()) as LedgerAnswer[]
      for (const [i, { resolve }] of calls.entries()) resolve(answers[i] as LedgerAnswer)
    } catch (cause) {
      for (const { reject } of calls) reject(new Error('the host did not answer', { cause }))
    }
  }

  /** Everything that is called in one turn goes in one request. */
  const ask = async (call: LedgerCall): Promise<unknown> => {
    const answer = await new Promise<LedgerAnswer>((resolve, reject) => {
      if (waiting.push({ call, resolve, reject }) > 1) return
      setImmediate(() => {
        const calls = waiting
        waiting = []
        void post(calls)
      })
    })
    return resultOf(answer)
  }

  return {
    read: (key, now) => ask({ method: 'read', key, now }) as Promise<string | undefined>,
    compareAndSet: (entry, expected, now) =>
      ask({ method: 'compareAndSet', entry, expected, now }) as Promise<Swap>,
    list: (kind, page, now) => ask({ method: 'list', kind, ...page, now }) as Promise<LedgerPage>,
  }
}
