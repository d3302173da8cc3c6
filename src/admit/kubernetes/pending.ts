// Which requests of nodes are pending, whose turn it is, and how many places are taken. The order starves nobody: who was
// looked at goes behind all who wait. Pure but for the turns, which it keeps.

import { addressInExtra } from './attestation.ts'
import type { CsrObject } from './csr-object.ts'
import { type CsrFacts, type CsrRules, hasPlace, requestingNode } from './decide-csr.ts'

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** One look at all requests that are pending. */
export interface Walk {
  /** The pending requests of nodes, in the order in which they are decided. */
  readonly requests: readonly CsrObject[]
  /** The counts that a request is decided with. */
  before(csr: CsrObject): CsrFacts['older']
  /** Whether a request was read before, and has no place in this walk: then it need not be read again. */
  canWait(csr: CsrObject): boolean
  /** Whether no walk has looked at a request: it waits for its first turn. */
  isNew(csr: CsrObject): boolean
  /** Notes that a request was read, and found to be right in itself, but has no place. It keeps its turn. */
  wait(csr: CsrObject): void
  /** Gives a place to a request that was looked at and left. An approved or denied one needs none. */
  keep(csr: CsrObject): void
}

/** The requests that wait, from walk to walk. */
export interface WaitingLine {
  /** Begins a walk through those of the requests that are pending. */
  walk(csrs: Iterable<CsrObject>): Walk
  /** Forgets a request that is gone. */
  forget(uid: string): void
}

/** When a request came, or when it was last looked at: a number of one counter. */
interface Turn {
  readonly at: number
  readonly state: 'new' | 'read' | 'looked at'
}

/** Who sent requests, and those of them that are pending, the next one first. */
interface Requester {
  readonly hasToken: boolean
  readonly waiting: CsrObject[]
  /** When one of its requests was last looked at; if none was, when the first came. */
  turn: number
}

/** The requests of each requester in turn: the first of each, then the second of each, and so on. */
const inRounds = (requesters: readonly Requester[]): readonly CsrObject[] => {
  const rounds: CsrObject[][] = []
  for (const { waiting } of requesters) {
    for (const [round, csr] of waiting.entries()) (rounds[round] ??= []).push(csr)
  }
  return rounds.flat()
}

/**
 * Makes a line without requests.
 *
 * A requester is a user name, with or without a token of rollcall: the API server writes the token's address into the
 * user, so a certificate for the same name is another requester. Requesters with a token come first, and have places of
 * their own. A bootstrap token of kubeadm can make users without one only, so it takes no place of a node with a token.
 *
 * Among equals, requesters take turns, and so do the requests of each. The requester whose last turn is longest ago is
 * the next one. Each turn has an end, so each request is looked at, however many others there are.
 */
export const createWaitingLine = (rules: CsrRules): WaitingLine => {
  const turns = new Map<string, Turn>()
  let counter = 0

  const turnOf = (uid: string): Turn => turns.get(uid) ?? { at: 0, state: 'new' }
  /** Read once: the user of a request never changes. */
  const tokens = new WeakMap<CsrObject, boolean>()
  const hasToken = (csr: CsrObject): boolean => {
    const has = tokens.get(csr) ?? addressInExtra(csr, rules) !== undefined
    tokens.set(csr, has)
    return has
  }
  const requesterOf = (csr: CsrObject): string => `${hasToken(csr)} ${csr.username}`

  const requestersOf = (pending: readonly CsrObject[]): readonly Requester[] => {
    const requesters = new Map<string, Requester>()
    for (const csr of pending) {
      const name = requesterOf(csr)
      const { at, state } = turnOf(csr.uid)
      const known = requesters.get(name)
      if (known === undefined) {
        requesters.set(name, { hasToken: hasToken(csr), waiting: [csr], turn: at })
        continue
      }
      known.waiting.push(csr)
      // In the order of turns, those that were looked at are behind the ones that came before that look.
      if (state === 'looked at') known.turn = at
    }
    return [...requesters.values()].toSorted((a, b) => a.turn - b.turn)
  }

  const sort = (csrs: Iterable<CsrObject>): readonly CsrObject[] => {
    const pending = [...csrs]
      .filter((csr) => !csr.isDecided && requestingNode(csr, rules).ok)
      .toSorted((a, b) => compare(a.createdAt, b.createdAt) || compare(a.name, b.name))
    for (const { uid } of pending) {
      if (!turns.has(uid)) turns.set(uid, { at: ++counter, state: 'new' })
    }
    const requesters = requestersOf(pending.toSorted((a, b) => turnOf(a.uid).at - turnOf(b.uid).at))
    return [
      ...inRounds(requesters.filter((it) => it.hasToken)),
      ...inRounds(requesters.filter((it) => !it.hasToken)),
    ]
  }

  return {
    walk(csrs) {
      const requests = sort(csrs)
      const ofRequesters = new Map<string, number>()
      const inAll = { true: 0, false: 0 }
      const before = (csr: CsrObject): CsrFacts['older'] => ({
        ofUser: ofRequesters.get(requesterOf(csr)) ?? 0,
        inAll: inAll[`${hasToken(csr)}`],
      })
      return {
        requests,
        before,
        canWait: (csr) => turnOf(csr.uid).state !== 'new' && !hasPlace(before(csr)),
        isNew: ({ uid }) => turnOf(uid).state !== 'looked at',
        wait: ({ uid }) => void turns.set(uid, { at: turnOf(uid).at, state: 'read' }),
        keep(csr) {
          const name = requesterOf(csr)
          ofRequesters.set(name, (ofRequesters.get(name) ?? 0) + 1)
          inAll[`${hasToken(csr)}`]++
          turns.set(csr.uid, { at: ++counter, state: 'looked at' })
        },
      }
    },
    forget: (uid) => void turns.delete(uid),
  }
}
