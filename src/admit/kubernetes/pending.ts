// Which requests of nodes are pending, in the order in which they are decided, and how many are older than each. Pure.

import type { CsrObject } from './csr-object.ts'
import { type CsrFacts, type CsrRules, requestingNode } from './decide-csr.ts'

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The pending requests of nodes, the oldest first. */
export const pendingRequests = (csrs: Iterable<CsrObject>, rules: CsrRules): readonly CsrObject[] =>
  [...csrs]
    .filter((csr) => !csr.isDecided && requestingNode(csr, rules).ok)
    .toSorted((a, b) => compare(a.createdAt, b.createdAt) || compare(a.name, b.name))

/**
 * Counts the requests before one of them.
 * @param pending from `pendingRequests()`
 * @param csr one of them
 */
export const olderThan = (pending: readonly CsrObject[], csr: CsrObject): CsrFacts['older'] => {
  const older = pending.slice(
    0,
    pending.findIndex(({ uid }) => uid === csr.uid),
  )
  return {
    inAll: older.length,
    ofUser: older.filter(({ username }) => username === csr.username).length,
  }
}
