// Which requests of nodes are pending, in the order in which they are decided, and how many older ones were left. Pure.

import type { CsrObject } from './csr-object.ts'
import { type CsrFacts, type CsrRules, MAX_PENDING_OF_USER, requestingNode } from './decide-csr.ts'

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The pending requests of nodes, the oldest first. */
export const pendingRequests = (csrs: Iterable<CsrObject>, rules: CsrRules): readonly CsrObject[] =>
  [...csrs]
    .filter((csr) => !csr.isDecided && requestingNode(csr, rules).ok)
    .toSorted((a, b) => compare(a.createdAt, b.createdAt) || compare(a.name, b.name))

/**
 * Counts requests that were left, and those of one user among them. It has no approved and no denied ones. The whole has
 * at most as many of one user as may be pending.
 */
export interface LeftRequests {
  /** Adds a request that was left. */
  add(csr: CsrObject): void
  /** The counts that the next request of this user is decided with. */
  before(username: string): CsrFacts['older']
}

/** Makes counts of zero, for one walk through `pendingRequests()`. */
export const countLeft = (): LeftRequests => {
  const ofUsers = new Map<string, number>()
  let inAll = 0
  return {
    add({ username }) {
      const ofUser = ofUsers.get(username) ?? 0
      ofUsers.set(username, ofUser + 1)
      // More of one user must not keep out all others.
      if (ofUser < MAX_PENDING_OF_USER) inAll++
    },
    before: (username) => ({ inAll, ofUser: ofUsers.get(username) ?? 0 }),
  }
}
