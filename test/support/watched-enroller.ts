// A service over a ledger that counts the trips of an enrollment, and lets a test change something between two
// of them.

import { ban } from '../../src/registry/bans.ts'
import type { Enrollment } from '../../src/enroll/enrollment.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { type Policy, parsePolicy } from '../../src/policy/policy.ts'
import { makeProof } from '../cases/state/proofs.ts'
import type { TestKey } from '../cases/state/independent-jws.ts'
import { ISSUER, createTestEnroller } from './test-enroller.ts'
import { DOCUMENT_FIELDS } from './test-cloud.ts'

/** The time of these tests, Unix seconds. */
export const now = Math.floor(Date.now() / 1000)
export const ACCOUNT = DOCUMENT_FIELDS['owner-account-id']
/** The instance of {@link DOCUMENT_FIELDS}. */
export const NAME = {
  ownerAccountId: ACCOUNT,
  regionId: DOCUMENT_FIELDS['region-id'],
  instanceId: DOCUMENT_FIELDS['instance-id'],
}
/** The rules; each has a role of its name, with a hyphen. */
export const RULES = ['always', 'never', 'new_image', 'same_key'] as const
/** The role of a rule. */
export const roleOf = (rule: string): string => rule.replace('_', '-')

/** A policy with a role for each rule. */
export const POLICY = parsePolicy({
  roles: Object.fromEntries(
    RULES.map((rule) => [
      roleOf(rule),
      {
        match: { owner_account_id: [ACCOUNT] },
        // No audience has both bound and unbound tokens.
        token: { audience: [`https://${rule === 'same_key' ? 'mesh' : 'cluster'}.test`] },
        reenrollment: rule,
      },
    ]),
  ),
})

/** A ledger that counts, and that lets a test in before the first operation of a trip is answered. */
export interface WatchedLedger extends Ledger {
  /** Operations in the order in which they were sent, those of one trip together. */
  readonly trips: string[][]
  /** Called when the trip of this number (from 1) has been sent, before it is answered. */
  before: Map<number, (store: Ledger) => Promise<unknown>>
  forget(): void
}

const watch = (store: Ledger): WatchedLedger => {
  let trips: string[][] = []
  let open: string[] | undefined
  let arrived: Promise<unknown> = Promise.resolve()
  const send = async <Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer> => {
    if (open === undefined) {
      const trip: string[] = (open = [])
      trips.push(trip)
      const interrupt = watched.before.get(trips.length)
      // All that is sent in one turn of the event loop is one trip.
      arrived = new Promise((resolve) => setImmediate(resolve)).then(() => {
        open = undefined
        return interrupt?.(store)
      })
    }
    open.push(what)
    await arrived
    return ask()
  }
  const watched: WatchedLedger = {
    ...store,
    get trips() {
      return trips
    },
    before: new Map(),
    forget() {
      trips = []
      watched.before.clear()
    },
    read: (key, at) => send(`read ${key.split(':')[0]}`, () => store.read(key, at)),
    compareAndSet: (entry, expected, at) =>
      send(`store ${entry.key.split(':')[0]}`, () => store.compareAndSet(entry, expected, at)),
  }
  return watched
}

/** How an enrollment begins. */
export interface Begin {
  readonly fields?: Readonly<Record<string, string>>
  /** Unix seconds at which its challenge is made, and at which it is posted. */
  readonly at?: number
  /** Proved, and the challenge is made for it. */
  readonly key?: TestKey | undefined
}

/** A service, and instances that enroll with it. */
export interface WatchedEnroller {
  readonly ledger: WatchedLedger
  /** What the ledger stands on: operators change this, so that they don't count. */
  readonly store: Ledger
  readonly enroller: Awaited<ReturnType<typeof createTestEnroller>>['enroller']
  readonly evidence: Awaited<ReturnType<typeof createTestEnroller>>['evidence']
  readonly options: Awaited<ReturnType<typeof createTestEnroller>>['options']
  /** Evidence for one enrollment, to be posted as often as a test likes. */
  begin(role: string, options?: Begin): Promise<(when?: number) => Promise<Enrollment>>
}

/** Sets the scene. */
export const createWatchedEnroller = async (
  store: Ledger = createMemoryLedger(0),
  policy: Policy = POLICY,
): Promise<WatchedEnroller> => {
  const ledger = watch(store)
  const { enroller, evidence, options } = await createTestEnroller({ ledger, policy })
  const begin: WatchedEnroller['begin'] = async (role, { fields = {}, at = now, key } = {}) => {
    const { audience } = await enroller.challenge({ role, jkt: key?.thumbprint }, at)
    const posted = {
      ...evidence(audience, { ...fields }),
      role,
      dpop: key && makeProof(key, ISSUER, audience),
    }
    return (when = at) => enroller.enroll(posted, when)
  }
  return { ledger, begin, store, enroller, evidence, options }
}

/** Bans the account, as an operator does. */
export const banAccount = (store: Ledger): Promise<void> =>
  ban(store, { kind: 'account', value: ACCOUNT, reason: 'r', by: 'o', kid: 'k', at: now })
