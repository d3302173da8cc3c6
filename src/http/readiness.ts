// Whether the service can answer enrollments: whether its ledger answers. Many may ask, and none of them makes the
// ledger busy: it is asked once a second at most, one question at a time.

import { within } from '../base/timing.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** How long an answer of the ledger is used, so how often the ledger is asked at most. */
const FRESH_MS = 1_000
/** How long a caller waits for the ledger. */
const WAIT_SECONDS = 2
/** When a question that got no answer is given up: on Workers it ends with the request that asked it. */
const LOST_MS = 10_000

/**
 * A change of an entry that is not there: it stores nothing, but only a store that takes writes answers it. On
 * Workers the key belongs to one object.
 */
const PROBE = { key: 'ready:probe', value: '' }
const NEVER_THERE = 'ready'

/** Tells whether the ledger answered within the last second. */
export type Readiness = () => Promise<boolean>

/** Creates the question. Callers share its answers. */
export const createReadiness = (ledger: Pick<Ledger, 'compareAndSet'>): Readiness => {
  let askedAtMs = -Infinity
  let answered = false
  let asking: Promise<boolean> | undefined

  /** Number of the latest question: the answer to an earlier one is ignored. */
  let latest = 0

  const question = async (number: number): Promise<boolean> => {
    let answer = true
    try {
      await ledger.compareAndSet(PROBE, NEVER_THERE, Math.floor(Date.now() / 1000))
    } catch {
      answer = false
    }
    if (number === latest) {
      asking = undefined
      answered = answer
    }
    return answer
  }

  const ask = (): Promise<boolean> => {
    askedAtMs = performance.now()
    asking = question(++latest)
    return asking
  }

  return async () => {
    const age = performance.now() - askedAtMs
    if (asking === undefined && age < FRESH_MS) return answered
    const shared = asking !== undefined && age < LOST_MS ? asking : ask()
    // Each caller has a timer of its own: on Workers the timer of another request may be gone.
    return within(WAIT_SECONDS, shared, () => false)
  }
}
