// What an enrollment asks of the ledger: in how many trips, one after the other, how often in all, and what
// happens when somebody changes something between two of them.

import { describe, expect, it } from 'vitest'
import { unban } from '../../../src/registry/bans.ts'
import { changeInstance, resetRecord, revokeRecord } from '../../../src/registry/instances.ts'
import { instanceKey } from '../../../src/registry/instance-record.ts'
import { revokeToken } from '../../../src/registry/revocation.ts'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import {
  ACCOUNT,
  NAME,
  RULES,
  banAccount,
  now,
  roleOf,
  createWatchedEnroller,
} from '../../support/watched-enroller.ts'

const SPENDING = ['store challenge', 'read ban', 'read ban', 'read ban']

describe('enroll() asks the ledger', () => {
  it('nothing for an account that no role names', async () => {
    const { ledger, begin } = await createWatchedEnroller()
    const post = await begin('always', { fields: { 'owner-account-id': '9999999999999999' } })
    expect(await post()).toMatchObject({ ok: false, disclosed: undefined })
    expect(ledger.trips).toEqual([])
  })

  it('nothing for what the policy refuses: no such role, no such audience', async () => {
    const { ledger, begin, enroller, evidence } = await createWatchedEnroller()
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
    const { ledger, begin } = await createWatchedEnroller()
    expect(await (await begin('never'))()).toMatchObject({ ok: true, renewable: false })
    ledger.forget()
    const post = await begin('never')
    for (let i = 0; i < 3; i++) {
      expect(await post()).toMatchObject({ disclosed: 'already_enrolled' })
    }
    expect(ledger.trips).toEqual([['read instance'], ['read instance'], ['read instance']])
  })

  it('three times in a row for an enrollment, and for its retry', async () => {
    const { ledger, begin } = await createWatchedEnroller()
    const post = await begin('never')
    expect(await post()).toMatchObject({ ok: true })
    expect(ledger.trips).toEqual([['read instance'], SPENDING, ['store instance']])
    ledger.forget()
    expect(await post()).toMatchObject({ ok: true, facts: { retry: true } })
    expect(ledger.trips).toEqual([['read instance'], SPENDING, ['read instance', 'read revoked']])
  })

  it('twice for a banned instance, which reads no reason', async () => {
    const { ledger, begin, store } = await createWatchedEnroller()
    await banAccount(store)
    const answer = await (await begin('always'))()
    expect(answer).toMatchObject({ code: 'not_admitted', facts: { reason: 'banned' } })
    expect(answer).toMatchObject({ disclosed: undefined })
    expect(ledger.trips).toEqual([['read instance'], SPENDING])
  })
})

describe('enroll() between its trips', () => {
  it.each([1, 2])('is bound by a ban that was acknowledged during trip %i', async (trip) => {
    const { ledger, begin } = await createWatchedEnroller()
    ledger.before.set(trip, banAccount)
    expect(await (await begin('always'))()).toMatchObject({ facts: { reason: 'banned' } })
  })

  it('refuses a retry under a ban, and admits it once the ban is lifted', async () => {
    const { begin, store } = await createWatchedEnroller()
    const post = await begin('never')
    expect(await post()).toMatchObject({ ok: true })
    await banAccount(store)
    expect(await post()).toMatchObject({ facts: { reason: 'banned' } })
    await unban(store, 'account', ACCOUNT, now)
    expect(await post()).toMatchObject({ ok: true, facts: { retry: true } })
  })

  it.each(RULES.slice(0, 3))('does not complete across a reset, under %s', async (rule) => {
    const role = roleOf(rule)
    for (const trip of [2, 3]) {
      const { ledger, begin, store } = await createWatchedEnroller()
      expect(
        await (
          await begin(role, { fields: { 'image-id': 'a' }, at: now - 50 })
        )(),
      ).toMatchObject({ ok: true })
      ledger.forget()
      // The time of the reset is in the past by this clock: the generation alone stops it.
      ledger.before.set(trip, () => changeInstance(store, NAME, resetRecord, () => now - 40))
      const post = await begin(rule === 'never' ? 'always' : role, {
        fields: { 'image-id': 'b' },
      })
      expect([trip, await post()]).toMatchObject([
        trip,
        { code: 'invalid_evidence', facts: { reason: 'challenge_before_reset' } },
      ])
      expect(await post()).toMatchObject({ facts: { reason: 'challenge_before_reset' } })
    }
  })

  it('refuses a challenge made in the second of a reset, and takes the next one', async () => {
    const { begin, store } = await createWatchedEnroller()
    expect(await (await begin('never'))()).toMatchObject({ ok: true })
    const post = await begin('never', { at: now + 5 })
    await changeInstance(store, NAME, resetRecord, () => now + 5)
    expect(await post()).toMatchObject({ facts: { reason: 'challenge_before_reset' } })
    expect(await (await begin('never', { at: now + 6 }))()).toMatchObject({ ok: true })
  })

  it('gives no token that was revoked while it was made', async () => {
    const { ledger, begin, store } = await createWatchedEnroller()
    expect(await (await begin('always', { at: now - 50 }))()).toMatchObject({ ok: true })
    ledger.forget()
    ledger.before.set(3, () => changeInstance(store, NAME, revokeRecord, () => now))
    expect(await (await begin('always'))()).toMatchObject({
      facts: { reason: 'enrollment_revoked' },
    })
  })

  it('gives a retry no token whose jti was revoked', async () => {
    const { begin, store } = await createWatchedEnroller()
    const post = await begin('always')
    const first = await post()
    await revokeToken(store, String(first.facts.jti), now)
    expect(await post()).toMatchObject({ facts: { reason: 'enrollment_revoked' } })
  })

  it('enrolls one of two under never, whichever comes between', async () => {
    for (const trip of [2, 3]) {
      const { ledger, begin } = await createWatchedEnroller()
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
    const { begin } = await createWatchedEnroller({
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
      const { ledger, begin } = await createWatchedEnroller(store)
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
    const { begin, store } = await createWatchedEnroller()
    expect(await (await begin('always'))()).toMatchObject({ ok: true })
    const key = instanceKey(NAME)
    expect(key.startsWith(`instance:acs/${ACCOUNT}/`)).toBe(true)
    expect(await store.read(key, now)).toMatch(/^1 \S+ 0 1 /)
  })

  it.each(['2 next', 'without a number', ''])('gives no token if it is %j', async (value) => {
    const { begin, store } = await createWatchedEnroller()
    await store.compareAndSet({ key: instanceKey(NAME), value }, undefined, now)
    expect(await (await begin('always'))()).toMatchObject({
      code: 'unavailable',
      facts: { reason: 'ledger_format_unknown' },
    })
    expect(await store.read(instanceKey(NAME), now)).toBe(value)
  })
})
