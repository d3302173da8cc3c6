// An enrollment or its retry, and something else between any two of its trips: a ban, a reset, a revocation,
// another post of the same challenge, another key, another image.

import { describe, expect, it } from 'vitest'
import { createEnroller } from '../../../src/enroll/enroller.ts'
import {
  changeInstance,
  forgetRecord,
  resetRecord,
  revokeRecord,
} from '../../../src/registry/instances.ts'
import { instanceKey, decodeRecords } from '../../../src/registry/instance-record.ts'
import { revokeToken } from '../../../src/registry/revocation.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { makeKey } from '../../cases/state/independent-jws.ts'
import { makeProof } from '../../cases/state/proofs.ts'
import { ISSUER } from '../../support/test-enroller.ts'
import {
  ACCOUNT,
  NAME,
  POLICY,
  RULES,
  banAccount,
  now,
  roleOf,
  createWatchedEnroller,
} from '../../support/watched-enroller.ts'

const TRIPS = [1, 2, 3]
const each = RULES.flatMap((rule) => TRIPS.map((trip) => [rule, trip] as const))

describe('a retry', () => {
  it.each(each)('under %s is bound by a ban that comes before its trip %i', async (rule, trip) => {
    const { ledger, begin } = await createWatchedEnroller()
    const post = await begin(roleOf(rule), { key: await makeKey() })
    expect(await post()).toMatchObject({ ok: true })
    ledger.forget()
    ledger.before.set(trip, banAccount)
    // Its ban reads are sent with the second trip. A later ban applies to the next retry.
    const reason = trip < 3 ? { facts: { reason: 'banned' } } : { ok: true }
    expect(await post()).toMatchObject(reason)
    expect(await post()).toMatchObject({ facts: { reason: 'banned' } })
  })

  it.each(each)(
    'under %s does not complete after a reset before its trip %i',
    async (rule, trip) => {
      for (const change of [resetRecord, forgetRecord]) {
        const { ledger, begin, store } = await createWatchedEnroller()
        const post = await begin(roleOf(rule), { key: await makeKey() })
        expect(await post()).toMatchObject({ ok: true })
        ledger.forget()
        // By a clock that is behind: the generation alone stops the retry.
        ledger.before.set(trip, () => changeInstance(store, NAME, change, () => now - 60))
        const refused = { code: 'invalid_evidence', facts: { reason: 'challenge_before_reset' } }
        const answers = [await post(now + 2), await post(now + 2)]
        expect([change.name, ...answers]).toMatchObject([change.name, refused, refused])
      }
    },
  )

  it.each(each)('under %s gives no token revoked before its trip %i', async (rule, trip) => {
    for (const revoke of ['instance', 'token'] as const) {
      const { ledger, begin, store } = await createWatchedEnroller()
      const post = await begin(roleOf(rule), { key: await makeKey() })
      const { facts } = await post()
      ledger.forget()
      ledger.before.set(trip, () =>
        revoke === 'token'
          ? revokeToken(store, String(facts.jti), now)
          : changeInstance(store, NAME, revokeRecord, () => now),
      )
      const refused = { facts: { reason: 'enrollment_revoked' } }
      const answers = [await post(now + 2), await post(now + 2)]
      expect([revoke, ...answers]).toMatchObject([revoke, refused, refused])
    }
  })
})

describe('two posts of one challenge', () => {
  it.each(each)(
    'under %s give one token if one overtakes the other at trip %i',
    async (rule, trip) => {
      const { ledger, begin, store } = await createWatchedEnroller()
      const post = await begin(roleOf(rule), { key: await makeKey() })
      let second: unknown
      ledger.before.set(trip, async () => {
        ledger.before.clear()
        second = await post()
      })
      const first = await post()
      expect([first, second]).toMatchObject([
        { ok: true, facts: { jti: expect.any(String), retry: trip !== 3 } },
        { ok: true, facts: { jti: first.facts.jti } },
      ])
      const [record] = decodeRecords(await store.read(instanceKey(NAME), now))
      expect(record).toMatchObject({ count: 1, jti: first.facts.jti })
    },
  )
})

describe('under same_key', () => {
  it('one of two keys wins, in every order of their steps', async () => {
    for (const trip of [2, 3]) {
      const { ledger, begin } = await createWatchedEnroller()
      const [own, other] = [await makeKey(), await makeKey()]
      const [first, second] = [
        await begin('same-key', { key: own }),
        await begin('same-key', { key: other }),
      ]
      ledger.before.set(trip, async () => {
        ledger.before.clear()
        expect(await second()).toMatchObject({ ok: true, renewable: true })
      })
      expect([trip, await first()]).toMatchObject([trip, { disclosed: 'key_changed' }])
      expect(await (await begin('same-key', { key: other }))()).toMatchObject({ ok: true })
      expect(await (await begin('same-key', { key: own }))()).toMatchObject({ ok: false })
    }
  })

  it('an enrollment without the key it needs costs the ledger nothing', async () => {
    const { ledger, begin } = await createWatchedEnroller()
    expect(await (await begin('same-key'))()).toMatchObject({ disclosed: 'key_required' })
    expect(ledger.trips).toEqual([])
  })

  it('a retry is renewable only by the key of the record, if the rule has changed since', async () => {
    const { begin, options, enroller, evidence } = await createWatchedEnroller()
    const [own, other] = [await makeKey(), await makeKey()]
    expect(await (await begin('always', { key: own }))()).toMatchObject({ renewable: true })
    const { audience } = await enroller.challenge({ role: 'always', jkt: other.thumbprint }, now)
    const dpop = makeProof(other, ISSUER, audience)
    const posted = { ...evidence(audience), role: 'always', dpop }
    expect(await enroller.enroll(posted, now)).toMatchObject({ ok: true, renewable: true })
    const roles = POLICY.roles.map((role) => ({ ...role, reenrollment: 'same_key' as const }))
    const stricter = await createEnroller({ ...options, policy: { roles } })
    expect(await stricter.enroll(posted, now)).toMatchObject({ ok: true, renewable: false })
  })
})

describe('under new_image', () => {
  it('evidence of an earlier image, kept unused, does not undo a redeploy', async () => {
    const { begin } = await createWatchedEnroller()
    const [a, b] = [{ 'image-id': 'm-a' }, { 'image-id': 'm-b' }]
    const enroll = async (fields: typeof a, at: number) =>
      (await begin('new-image', { fields, at }))()
    expect(await enroll(a, now - 50)).toMatchObject({ ok: true, renewable: false })
    const kept = await begin('new-image', { fields: a, at: now - 10 })
    const refused = await begin('new-image', { fields: a, at: now - 10 })
    expect(await refused(now - 9)).toMatchObject({ disclosed: 'image_unchanged' })
    expect(await enroll(b, now - 5)).toMatchObject({ ok: true })
    for (const post of [kept, refused, await begin('new-image', { fields: a, at: now - 5 })]) {
      expect(await post(now)).toMatchObject({ disclosed: 'image_unchanged' })
    }
    // A machine that really runs the earlier image again asks for a challenge of its own.
    expect(await enroll(a, now)).toMatchObject({ ok: true })
  })
})

describe('what is known of a refusal', () => {
  it('has the key as soon as its proof verified, and the image as soon as the evidence did', async () => {
    const { enroller, evidence } = await createWatchedEnroller()
    const [own, other] = [await makeKey(), await makeKey()]
    const { audience } = await enroller.challenge({ role: 'always', jkt: own.thumbprint }, now)
    const dpop = makeProof(other, ISSUER, audience)
    const posted = { ...evidence(audience, { 'image-id': 'm-a' }), role: 'always' }
    const answer = await enroller.enroll({ ...posted, dpop }, now)
    expect(answer).toMatchObject({
      code: 'invalid_dpop_proof',
      facts: { jkt: other.thumbprint, imageId: 'm-a' },
    })
    expect(answer.facts).not.toHaveProperty('retry')
    const broken = await enroller.enroll({ ...posted, dpop: `${dpop}x` }, now)
    expect(broken).toMatchObject({ code: 'invalid_dpop_proof', facts: { imageId: 'm-a' } })
    expect(broken.facts.jkt).toBeUndefined()
  })

  it('has no retry where the ledger was not asked about the challenge', async () => {
    const { begin } = await createWatchedEnroller()
    expect((await (await begin('never'))()).facts.retry).toBe(false)
    const { facts } = await (await begin('never'))()
    expect(facts).toMatchObject({ reason: 'already_enrolled' })
    expect(facts.retry).toBeUndefined()
  })

  it('is the same whether a role exists or not, for an account that another role names', async () => {
    const match = (account: string) => ({
      match: { owner_account_id: [account] },
      token: { audience: ['https://cluster.test'] },
      reenrollment: 'always',
    })
    const roles = { mine: match(ACCOUNT), theirs: match('1') }
    const { begin, ledger } = await createWatchedEnroller(undefined, parsePolicy({ roles }))
    for (const role of ['theirs', 'ghost']) {
      expect(await (await begin(role))()).toMatchObject({ disclosed: 'no_role_matches' })
    }
    expect(ledger.trips).toEqual([])
  })
})
