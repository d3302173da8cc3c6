// What an operator's word does to enrollments: a ban refuses, a reset opens once and brings nothing back
// to life. All of it with stolen evidence, and in the middle of a race.

import { describe, expect, it } from 'vitest'
import {
  evidenceRefused,
  expectEnrolled,
  expectRefused,
  expectRetryOf,
  notAdmitted,
} from './answer.ts'
import { makeKey } from './independent-jws.ts'
import { operating } from './operating.ts'
import type { StateService } from './state-service.ts'
import { type Instance, pathOf } from './constants.ts'

/** Declares the tests. */
export const describeBansAndResets = (service: () => StateService): void => {
  const { begin, post, several, operate, introspect } = operating(service)
  const resetNow = (instance: Instance) => operate('POST', `${pathOf(instance)}/reset`)
  const reset = async (instance: Instance): ReturnType<typeof resetNow> => {
    const record = await resetNow(instance)
    await service().nextSecond()
    return record
  }

  describe('a ban', () => {
    it.each([
      ['account', 'owner-account-id', 'owner_account_id'],
      ['image', 'image-id', 'image_id'],
      ['instance', 'instance-id', 'instance_id'],
    ] as const)('of an %s refuses enrollments and retries until it is lifted', async (...names) => {
      const [kind, field, claim] = names
      const instance = service().newInstance({
        'owner-account-id': service().newAccount(),
        'image-id': `m-${crypto.randomUUID()}`,
      })
      const answered = await begin(instance, 'always')
      const answer = await post(answered)
      const claims = await expectEnrolled(answer)
      const unposted = await begin(instance, 'always')
      const path = `/v1/admin/bans/${kind}/${instance[field]}`
      await operate('PUT', path, { reason: 'stolen' })

      const fresh = await begin(instance, 'always')
      for (const attempt of [answered, unposted, fresh, fresh]) {
        const event = await expectRefused(await post(attempt), notAdmitted('banned'))
        expect(event).toMatchObject({ field: claim })
      }
      expect(await introspect(answer)).toEqual({ active: false })

      await operate('DELETE', path)
      await expectRetryOf(await post(answered), claims)
      await expectEnrolled(await post(unposted), { retry: true })
      await expectEnrolled(await post(fresh), { retry: true })
      await expectEnrolled(await post(await begin(instance, 'always')))
      expect(await introspect(answer)).toMatchObject({ active: true })
    })

    it('of an instance holds under every role, key, image, address and serial number', async () => {
      const instance = service().newInstance()
      const path = `/v1/admin/bans/instance/${instance['instance-id']}`
      await operate('PUT', path, { reason: 'stolen' })
      for (const change of [
        {},
        { 'image-id': 'm-another' },
        { 'serial-number': 'another' },
        { 'region-id': 'cn-beijing' },
      ]) {
        for (const role of ['always', 'same-key', 'new-image', 'never', 'bound']) {
          const key = await makeKey()
          const attempt = await begin({ ...instance, ...change }, role, { key })
          await expectRefused(await post(attempt), notAdmitted('banned'))
        }
      }
      expect((await service().operate('GET', pathOf(instance))).status).toBe(404)
    })

    it('is not got around by a reset, nor does it use one up', async () => {
      const instance = service().newInstance()
      const first = await begin(instance, 'never')
      await expectEnrolled(await post(first))
      const path = `/v1/admin/bans/instance/${instance['instance-id']}`
      await operate('PUT', path, { reason: 'stolen' })
      await reset(instance)
      const banned = await begin(instance, 'never')
      await expectRefused(await post(banned), notAdmitted('banned'))
      await operate('DELETE', path)
      await expectRefused(await post(first), evidenceRefused('challenge_before_reset'))
      await expectEnrolled(await post(await begin(instance, 'never')))
      await expectRefused(await post(banned), notAdmitted('already_enrolled'))
    })

    it('leaves others alone', async () => {
      const instance = service().newInstance({ 'image-id': 'm-prefix' })
      await operate('PUT', '/v1/admin/bans/image/m-prefix-more', { reason: 'another' })
      await operate('PUT', '/v1/admin/bans/image/M-prefix', { reason: 'another' })
      await operate('PUT', '/v1/admin/bans/account/0', { reason: 'another' })
      await expectEnrolled(await post(await begin(instance, 'always')))
    })

    it('refuses each enrollment that begins after it was acknowledged, in the middle of a race', async () => {
      const instance = service().newInstance()
      const path = `/v1/admin/bans/instance/${instance['instance-id']}`
      const [before, after] = [
        await several(15, instance, 'always'),
        await several(15, instance, 'always'),
      ]
      const racing = before.map(post)
      await operate('PUT', path, { reason: 'stolen' })
      const late = await Promise.all([...after, ...before].map(post))
      await Promise.all(racing)
      for (const answer of late) await expectRefused(answer, notAdmitted('banned'))
    })
  })

  describe('a reset', () => {
    it('opens exactly one enrollment, and evidence spent before it stays refused', async () => {
      const instance = service().newInstance()
      const answered = await begin(instance, 'never')
      await expectEnrolled(await post(answered))
      const refused = await begin(instance, 'never')
      await expectRefused(await post(refused), notAdmitted('already_enrolled'))

      const record = await reset(instance)
      expect(record).toMatchObject({ open: true, generation: 1, enrollments: 1 })
      const dead = evidenceRefused('challenge_before_reset')
      for (const attempt of [refused, answered, refused, answered]) {
        await expectRefused(await post(attempt), dead)
      }
      const fresh = await begin(instance, 'never')
      const claims = await expectEnrolled(await post(fresh))
      for (const attempt of [refused, answered]) await expectRefused(await post(attempt), dead)
      const second = await begin(instance, 'never')
      await expectRefused(await post(second), notAdmitted('already_enrolled'))
      await expectRetryOf(await post(fresh), claims)
    })

    it.each(['always', 'same-key', 'new-image', 'never', 'bound'])(
      'ends the retries of evidence that was spent before it, under the role %s',
      async (role) => {
        const instance = service().newInstance()
        const key = await makeKey()
        const attempt = await begin(instance, role, { key })
        await expectEnrolled(await post(attempt))
        await reset(instance)
        for (let times = 0; times < 3; times++) {
          await expectRefused(await post(attempt), evidenceRefused('challenge_before_reset'))
        }
        await expectEnrolled(await post(await begin(instance, role, { key: await makeKey() })))
        await expectRefused(await post(attempt), evidenceRefused('challenge_before_reset'))
      },
    )

    it('refuses evidence over a challenge made before it, though nobody has posted it', async () => {
      const instance = service().newInstance()
      await expectEnrolled(await post(await begin(instance, 'never')))
      const stolen = await begin(instance, 'never')
      await service().nextSecond()
      const ofThatSecond = await begin(instance, 'never')
      await reset(instance)
      for (const attempt of [stolen, ofThatSecond]) {
        await expectRefused(await post(attempt), evidenceRefused('challenge_before_reset'))
      }
      await expectEnrolled(await post(await begin(instance, 'never')))
    })

    it('twice opens no more than once', async () => {
      const instance = service().newInstance()
      const first = await begin(instance, 'never')
      await expectEnrolled(await post(first))
      await reset(instance)
      const between = await begin(instance, 'never')
      await expectEnrolled(await post(between))
      await reset(instance)
      expect(await reset(instance)).toMatchObject({ open: true, generation: 3 })
      for (const attempt of [first, between]) {
        await expectRefused(await post(attempt), evidenceRefused('challenge_before_reset'))
      }
      await expectEnrolled(await post(await begin(instance, 'never')))
      const again = await begin(instance, 'never')
      await expectRefused(await post(again), notAdmitted('already_enrolled'))
    })

    it('starts the key anew under same_key, and the old key has lost', async () => {
      const instance = service().newInstance()
      const [old, renewed] = [await makeKey(), await makeKey()]
      await expectEnrolled(await post(await begin(instance, 'same-key', { key: old })))
      await reset(instance)
      await expectEnrolled(await post(await begin(instance, 'same-key', { key: renewed })))
      const late = await begin(instance, 'same-key', { key: old })
      await expectRefused(await post(late), notAdmitted('key_not_the_first'))
    })

    it('lets the same image in again under new_image, once', async () => {
      const instance = service().newInstance()
      await expectEnrolled(await post(await begin(instance, 'new-image')))
      await reset(instance)
      await expectEnrolled(await post(await begin(instance, 'new-image')))
      const again = await begin(instance, 'new-image')
      await expectRefused(await post(again), notAdmitted('image_not_new'))
    })

    it('in the middle of a race never gives more tokens than it opens', async () => {
      for (let round = 0; round < 5; round++) {
        const instance = service().newInstance()
        await expectEnrolled(await post(await begin(instance, 'never')))
        const attempts = await several(24, instance, 'never')
        const resets = 3
        const calls = attempts.map(post)
        const opened = Array.from({ length: resets }, () => resetNow(instance))
        const answers = await Promise.all(calls)
        await Promise.all(opened)
        const again = await Promise.all(attempts.map(post))
        const given = [...answers, ...again].filter(({ status }) => status === 200)
        const jtis = new Set(given.map((answer) => answer.claims().jti))
        expect(jtis.size).toBeLessThanOrEqual(resets)
        const { enrollments } = await operate('GET', pathOf(instance))
        expect(enrollments).toBe(1 + jtis.size)
      }
    })

    it('ends the tokens that were issued before it, and not the next one', async () => {
      const instance = service().newInstance()
      const answer = await post(await begin(instance, 'never'))
      await expectEnrolled(answer)
      await reset(instance)
      expect(await introspect(answer)).toEqual({ active: false })
      const next = await post(await begin(instance, 'never'))
      await expectEnrolled(next)
      expect(await introspect(next)).toMatchObject({ active: true })
    })
  })
}
