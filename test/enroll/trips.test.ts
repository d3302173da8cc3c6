// What an enrollment asks of the ledger: in how many trips, one after the other, how often in all, and what
// happens when somebody changes something between two of them.

import { describe, expect, it } from 'vitest'
import { ban, unban } from '../../src/enroll/bans.ts'
import { changeInstance, resetRecord, revokeRecord } from '../../src/enroll/instances.ts'
import { instanceKey } from '../../src/enroll/instance-record.ts'
import { revokeToken } from '../../src/enroll/revocation.ts'
import { LedgerUnavailableError } from '../../src/errors.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { parsePolicy } from '../../src/policy/policy.ts'
import { setScene } from '../support/enrollment.ts'
import { DOCUMENT_FIELDS } from '../support/test-cloud.ts'

const now = Math.floor(Date.now() / 1000)
const ACCOUNT = DOCUMENT_FIELDS['owner-account-id']
const NAME = {
  ownerAccountId: ACCOUNT,
  regionId: DOCUMENT_FIELDS['region-id'],
  instanceId: DOCUMENT_FIELDS['instance-id'],
}
const ROLES = ['always', 'never', 'new_image'] as const

const POLICY = parsePolicy({
  roles: Object.fromEntries(
    ROLES.map((rule) => [
      rule.replace('_', '-'),
      {
        match: { owner_account_id: [ACCOUNT] },
        token: { audience: ['https://cluster.test'] },
        reenrollment: rule,
      },
    ]),
  ),
})

/** A ledger that counts, and that lets a test in before the first operation of a trip is answered. */
interface WatchedLedger extends Ledger {
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

const setUp = async (store: Ledger = createMemoryLedger(0)) => {
  const ledger = watch(store)
  const { enroller, evidence } = await setScene({ ledger, policy: POLICY })
  /** Evidence for one enrollment, to be posted as often as a test likes. */
  const begin = async (role: string, fields: Record<string, string> = {}, at = now) => {
    const { audience } = await enroller.challenge({ role }, at)
    const posted = { ...evidence(audience, fields), role }
    return (when = at) => enroller.enroll(posted, when)
  }
  return { ledger, begin, store, enroller, evidence }
}

const SPENDING = ['store challenge', 'read ban', 'read ban', 'read ban']
const banAccount = (store: Ledger) =>
  ban(store, { kind: 'account', value: ACCOUNT, reason: 'r', by: 'o', kid: 'k', at: now })

describe('enroll() asks the ledger', () => {
  it('nothing for an account that no role names', async () => {
    const { ledger, begin } = await setUp()
    const post = await begin('always', { 'owner-account-id': '9999999999999999' })
    expect(await post()).toMatchObject({ ok: false, disclosed: undefined })
    expect(ledger.trips).toEqual([])
  })

  it('nothing for what the policy refuses: no such role, no such audience', async () => {
    const { ledger, begin, enroller, evidence } = await setUp()
    const post = await begin('ghost')
    expect(await post()).toMatchObject({ disclosed: 'no_role_matches' })
    const { audience } = await enroller.challenge({}, now)
    const posted = { ...evidence(audience), resource: 'https://strange.test' }
    expect(await enroller.enroll(posted, now)).toMatchObject({ disclosed: 'resource_not_allowed' })
    expect(ledger.trips).toEqual([])
    // The challenge is still good for what the policy allows.
    const { resource: _, ...allowed } = posted
    expect(await enroller.enroll(allowed, now)).toMatchObject({ ok: true, facts: { retry: false } })
  })

  it('one thing for what the record alone refuses, however often it is posted', async () => {
    const { ledger, begin } = await setUp()
    expect(await (await begin('never'))()).toMatchObject({ ok: true, renewable: false })
    ledger.forget()
    const post = await begin('never')
    for (let i = 0; i < 3; i++) {
      expect(await post()).toMatchObject({ disclosed: 'already_enrolled' })
    }
    expect(ledger.trips).toEqual([['read instance'], ['read instance'], ['read instance']])
  })

  it('three times in a row for an enrollment, and for its retry', async () => {
    const { ledger, begin } = await setUp()
    const post = await begin('never')
    expect(await post()).toMatchObject({ ok: true })
    expect(ledger.trips).toEqual([['read instance'], SPENDING, ['store instance']])
    ledger.forget()
    expect(await post()).toMatchObject({ ok: true, facts: { retry: true } })
    expect(ledger.trips).toEqual([['read instance'], SPENDING, ['read instance', 'read revoked']])
  })

  it('twice for a banned instance, which is told nothing', async () => {
    const { ledger, begin, store } = await setUp()
    await banAccount(store)
    const answer = await (await begin('always'))()
    expect(answer).toMatchObject({ code: 'not_admitted', facts: { reason: 'banned' } })
    expect(answer).toMatchObject({ disclosed: undefined })
    expect(ledger.trips).toEqual([['read instance'], SPENDING])
  })
})

describe('enroll() between its trips', () => {
  it.each([1, 2])('is bound by a ban that was acknowledged during trip %i', async (trip) => {
    const { ledger, begin } = await setUp()
    ledger.before.set(trip, banAccount)
    expect(await (await begin('always'))()).toMatchObject({ facts: { reason: 'banned' } })
  })

  it('binds a retry to a ban, and admits it once the ban is lifted', async () => {
    const { begin, store } = await setUp()
    const post = await begin('never')
    expect(await post()).toMatchObject({ ok: true })
    await banAccount(store)
    expect(await post()).toMatchObject({ facts: { reason: 'banned' } })
    await unban(store, 'account', ACCOUNT, now)
    expect(await post()).toMatchObject({ ok: true, facts: { retry: true } })
  })

  it.each(ROLES)('does not complete across a reset, under %s', async (rule) => {
    const role = rule.replace('_', '-')
    for (const trip of [2, 3]) {
      const { ledger, begin, store } = await setUp()
      expect(await (await begin(role, { 'image-id': 'a' }, now - 50))()).toMatchObject({ ok: true })
      ledger.forget()
      // The time of the reset is in the past by this clock: the generation alone stops it.
      ledger.before.set(trip, () => changeInstance(store, NAME, resetRecord, () => now - 40))
      const post = await begin(rule === 'never' ? 'always' : role, { 'image-id': 'b' })
      expect([trip, await post()]).toMatchObject([
        trip,
        { code: 'invalid_evidence', facts: { reason: 'challenge_before_reset' } },
      ])
      expect(await post()).toMatchObject({ facts: { reason: 'challenge_before_reset' } })
    }
  })

  it('refuses a challenge made in the second of a reset, and takes the next one', async () => {
    const { begin, store } = await setUp()
    expect(await (await begin('never'))()).toMatchObject({ ok: true })
    const post = await begin('never', {}, now + 5)
    await changeInstance(store, NAME, resetRecord, () => now + 5)
    expect(await post()).toMatchObject({ facts: { reason: 'challenge_before_reset' } })
    expect(await (await begin('never', {}, now + 6))()).toMatchObject({ ok: true })
  })

  it('gives no token that was revoked while it was made', async () => {
    const { ledger, begin, store } = await setUp()
    expect(await (await begin('always', {}, now - 50))()).toMatchObject({ ok: true })
    ledger.forget()
    ledger.before.set(3, () => changeInstance(store, NAME, revokeRecord, () => now))
    expect(await (await begin('always'))()).toMatchObject({
      facts: { reason: 'enrollment_revoked' },
    })
  })

  it('gives a retry no token whose jti was revoked', async () => {
    const { begin, store } = await setUp()
    const post = await begin('always')
    const first = await post()
    await revokeToken(store, String(first.facts.jti), now)
    expect(await post()).toMatchObject({ facts: { reason: 'enrollment_revoked' } })
  })

  it('enrolls one of two under never, whichever comes between', async () => {
    for (const trip of [2, 3]) {
      const { ledger, begin } = await setUp()
      const [first, second] = [await begin('never'), await begin('never')]
      ledger.before.set(trip, async () => {
        ledger.before.clear()
        expect(await second()).toMatchObject({ ok: true })
      })
      expect([trip, await first()]).toMatchObject([trip, { disclosed: 'already_enrolled' }])
      expect(await second()).toMatchObject({ ok: true, facts: { retry: true } })
    }
  })

  it('answers 503 if a ban can’t be read, though the challenge is spent by then', async () => {
    const store = createMemoryLedger(0)
    let broken = true
    const { begin } = await setUp({
      ...store,
      read: async (key, at) => {
        if (broken && key.startsWith('ban:image')) throw new LedgerUnavailableError('gone')
        return store.read(key, at)
      },
    })
    const post = await begin('never')
    expect(await post()).toMatchObject({ code: 'unavailable' })
    broken = false
    expect(await post()).toMatchObject({ ok: true, facts: { retry: true } })
  })

  it('refuses a challenge once the ledger turns out to be a newer one', async () => {
    for (const trip of [1, 3]) {
      const store = createMemoryLedger(0)
      let since = 0
      const { ledger, begin } = await setUp(store)
      Object.defineProperty(ledger, 'remembersSince', { get: () => since })
      ledger.before.set(trip, async () => (since = now + 1))
      expect([trip, await (await begin('always'))()]).toMatchObject([
        trip,
        { facts: { reason: 'challenge_before_ledger' } },
      ])
    }
  })
})

describe('what is stored', () => {
  it('has a format number and the name of the cloud', async () => {
    const { begin, store } = await setUp()
    expect(await (await begin('always'))()).toMatchObject({ ok: true })
    const key = instanceKey(NAME)
    expect(key.startsWith(`instance:acs/${ACCOUNT}/`)).toBe(true)
    expect(await store.read(key, now)).toMatch(/^1 \S+ 0 1 /)
  })

  it.each(['2 next', 'without a number', ''])('gives no token if it is %j', async (value) => {
    const { begin, store } = await setUp()
    await store.compareAndSet({ key: instanceKey(NAME), value }, undefined, now)
    expect(await (await begin('always'))()).toMatchObject({
      code: 'unavailable',
      facts: { reason: 'ledger_format_unknown' },
    })
    expect(await store.read(instanceKey(NAME), now)).toBe(value)
  })
})
