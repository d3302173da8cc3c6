// The first-use rules that let an instance in again for a reason: the same key, or another image.

import { describe, expect, it } from 'vitest'
import { type Answer, expectEnrolled, expectRefused, expectRetryOf, notAdmitted } from './answer.ts'
import { type TestKey, makeKey } from './independent-jws.ts'
import { type Attempt, type AttemptOptions, type StateService } from './state-service.ts'
import { type Instance, pathOf } from './constants.ts'

const RACERS = 30

/** Declares the tests. */
export const describeFirstUseChanges = (service: () => StateService): void => {
  const begin = (instance: Instance, role: string, more: AttemptOptions = {}): Promise<Attempt> =>
    service().begin(instance, { role, ...more })
  const post = (attempt: Attempt): Promise<Answer> => service().post(attempt)
  const show = async (instance: Instance): Promise<unknown> =>
    (await service().operate('GET', pathOf(instance))).body

  describe('POST /v1/enroll, under same_key,', () => {
    const keyed = (instance: Instance, key?: TestKey): Promise<Attempt> =>
      begin(instance, 'same-key', { key })

    it('enrolls again with the first key, and with no other and none', async () => {
      const instance = service().newInstance()
      const [key, other] = [await makeKey(), await makeKey('EdDSA')]
      const first = await keyed(instance, key)
      const claims = await expectEnrolled(await post(first))
      expect(claims['cnf']).toEqual({ jkt: key.thumbprint })
      expect(await show(instance)).toMatchObject({ jkt: key.thumbprint })
      const second = await keyed(instance, other)
      await expectRefused(await post(second), notAdmitted('key_not_the_first'))
      const third = await keyed(instance, key)
      const again = await expectEnrolled(await post(third))
      expect(again.jti).not.toBe(claims.jti)
      await expectRetryOf(await post(first), claims)
      await expectRetryOf(await post(third), again)
      await expectRefused(await post(second), notAdmitted('key_not_the_first'))
      const none = await keyed(instance)
      const event = await expectRefused(await post(none), notAdmitted('key_not_proved'))
      expect(event).toMatchObject({ rule: 'roles.same-key.reenrollment' })
    })

    it('enrolls no instance without a key, and stores nothing about it', async () => {
      const instance = service().newInstance()
      await expectRefused(await post(await keyed(instance)), notAdmitted('key_not_proved'))
      expect((await service().operate('GET', pathOf(instance))).status).toBe(404)
      await expectEnrolled(await post(await keyed(instance, await makeKey())))
    })

    it('keeps to the first key, whatever enrolls under always in between', async () => {
      const instance = service().newInstance()
      const [key, other] = [await makeKey(), await makeKey()]
      await expectEnrolled(await post(await keyed(instance, key)))
      for (const pod of [other, undefined]) {
        await expectEnrolled(await post(await begin(instance, 'always', { key: pod })))
      }
      const stolen = await keyed(instance, other)
      await expectRefused(await post(stolen), notAdmitted('key_not_the_first'))
      await expectEnrolled(await post(await keyed(instance, key)))
    })

    it('has no first key where the first enrollment had none', async () => {
      const instance = service().newInstance()
      await expectEnrolled(await post(await begin(instance, 'always')))
      const attempt = await keyed(instance, await makeKey())
      await expectRefused(await post(attempt), notAdmitted('key_not_the_first'))
    })

    it(`gives one token to ${RACERS} keys at the same moment`, async () => {
      const instance = service().newInstance()
      const keys = await Promise.all(Array.from({ length: RACERS }, () => makeKey()))
      const attempts = await Promise.all(keys.map((key) => keyed(instance, key)))
      const answers = await Promise.all(attempts.map(post))
      const winner = answers.findIndex(({ status }) => status === 200)
      const claims = await expectEnrolled(answers[winner] as Answer)
      expect(claims['cnf']).toEqual({ jkt: keys[winner]?.thumbprint })
      for (const [i, answer] of answers.entries()) {
        if (i !== winner) await expectRefused(answer, notAdmitted('key_not_the_first'))
      }
      const again = await Promise.all(attempts.map(post))
      expect(again.map(({ status }) => status)).toEqual(answers.map(({ status }) => status))
      const fresh = await keyed(instance, keys[(winner + 1) % RACERS])
      await expectRefused(await post(fresh), notAdmitted('key_not_the_first'))
      await expectEnrolled(await post(await keyed(instance, keys[winner])))
    })
  })

  describe('POST /v1/enroll, under new_image,', () => {
    it('enrolls again with another image only, back and forth, and no retry of the last', async () => {
      const instance = service().newInstance({ 'image-id': 'm-a' })
      const other = { ...instance, 'image-id': 'm-b' }
      const refused = notAdmitted('image_not_new')
      const a1 = await begin(instance, 'new-image')
      const claims = await expectEnrolled(await post(a1))
      const a2 = await begin(instance, 'new-image')
      await expectRefused(await post(a2), refused)
      await expectRetryOf(await post(a1), claims)

      // A challenge for a new image must be younger than the latest enrollment, by the second.
      await service().nextSecond()
      const b1 = await begin(other, 'new-image')
      const claimsB = await expectEnrolled(await post(b1))
      // Evidence of the image before, answered or refused, is not a new image now.
      await expectRefused(await post(a1), refused)
      await expectRefused(await post(a2), refused)
      await expectRefused(await post(await begin(other, 'new-image')), refused)
      await expectRetryOf(await post(b1), claimsB)

      await service().nextSecond()
      const a3 = await begin(instance, 'new-image')
      await expectEnrolled(await post(a3))
      await expectRefused(await post(b1), refused)
      await expectRefused(await post(a1), refused)
      await expectRefused(await post(a2), refused)
      expect(await show(instance)).toMatchObject({ enrollments: 3, image_id: 'm-a' })
    })

    it('takes an image for the same one, whatever name an image may have', async () => {
      for (const image of ['-', '--', '.', '_', '0', 'a-b_c.d']) {
        const instance = service().newInstance({ 'image-id': image })
        await expectEnrolled(await post(await begin(instance, 'new-image')))
        const again = await begin(instance, 'new-image')
        await expectRefused(await post(again), notAdmitted('image_not_new'))
        expect(await show(instance)).toMatchObject({ image_id: image })
      }
    })

    it('keeps the key of the first enrollment: a new image brings no second key in', async () => {
      const instance = service().newInstance({ 'image-id': 'm-a' })
      const renewed = { ...instance, 'image-id': 'm-b' }
      const [before, after] = [await makeKey(), await makeKey()]
      await expectEnrolled(await post(await begin(instance, 'new-image', { key: before })))
      await service().nextSecond()
      await expectEnrolled(await post(await begin(renewed, 'new-image', { key: after })))
      const second = await begin(renewed, 'same-key', { key: after })
      await expectRefused(await post(second), notAdmitted('key_not_the_first'))
      await expectEnrolled(await post(await begin(renewed, 'same-key', { key: before })))
    })

    it('does not help a pod into the same_key role of its node', async () => {
      const node = service().newInstance({ 'image-id': 'm-a' })
      const redeployed = { ...node, 'image-id': 'm-b' }
      const [ofNode, ofPod] = [await makeKey(), await makeKey()]
      await expectEnrolled(await post(await begin(node, 'same-key', { key: ofNode })))
      const refused = notAdmitted('key_not_the_first')
      const pod = (instance: Instance, role: string): Promise<Attempt> =>
        begin(instance, role, { key: ofPod })
      await expectRefused(await post(await pod(node, 'same-key')), refused)
      await expectRefused(await post(await pod(redeployed, 'same-key')), refused)
      await service().nextSecond()
      await expectEnrolled(await post(await pod(redeployed, 'new-image')))
      await expectRefused(await post(await pod(redeployed, 'same-key')), refused)
      await expectEnrolled(await post(await begin(redeployed, 'same-key', { key: ofNode })))
    })

    it(`gives one token to ${RACERS} challenges of one new image at the same moment`, async () => {
      const instance = service().newInstance({ 'image-id': 'm-a' })
      await expectEnrolled(await post(await begin(instance, 'new-image')))
      const renewed = { ...instance, 'image-id': 'm-b' }
      await service().nextSecond()
      const attempts = await Promise.all(
        Array.from({ length: RACERS }, () => begin(renewed, 'new-image')),
      )
      const answers = await Promise.all(attempts.map(post))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      const again = await Promise.all(attempts.map(post))
      expect(again.map(({ status }) => status)).toEqual(answers.map(({ status }) => status))
    })
  })
}
