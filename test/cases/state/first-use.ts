// What must be refused about admission again: each first-use rule through first, again and retry, other
// instances that look alike, and many at the same moment.

import { describe, expect, it } from 'vitest'
import {
  type Answer,
  evidenceRefused,
  expectEnrolled,
  expectRefused,
  expectRetryOf,
  notAdmitted,
} from './answer.ts'
import { makeKey } from './independent-jws.ts'
import { type Attempt, type AttemptOptions, type StateService } from './state-service.ts'
import { type Instance, STRANGER, pathOf } from './constants.ts'

const RACERS = 30

/** Declares the tests. */
export const describeFirstUse = (service: () => StateService): void => {
  const begin = (instance: Instance, role: string, more: AttemptOptions = {}): Promise<Attempt> =>
    service().begin(instance, { role, ...more })
  const post = (attempt: Attempt): Promise<Answer> => service().post(attempt)
  const show = async (instance: Instance): Promise<unknown> =>
    (await service().operate('GET', pathOf(instance))).body

  /** Everything that is listed of instances with an id. */
  const listed = async (instanceId: string): Promise<Record<string, unknown>[]> => {
    const found: Record<string, unknown>[] = []
    let cursor: string | undefined
    do {
      const query = cursor === undefined ? '' : `?cursor=${cursor}`
      const { body } = await service().operate('GET', `/v1/admin/instances${query}`)
      found.push(...(body['instances'] as Record<string, unknown>[]))
      cursor = body['cursor'] as string | undefined
    } while (cursor !== undefined)
    return found.filter((each) => each['instance_id'] === instanceId)
  }

  describe('POST /v1/enroll, under never,', () => {
    it('enrolls once: not again with any key, and refused evidence stays refused', async () => {
      const instance = service().newInstance()
      const first = await begin(instance, 'never')
      const claims = await expectEnrolled(await post(first))
      const again = await begin(instance, 'never')
      const withKey = await begin(instance, 'never', { key: await makeKey() })
      for (const attempt of [again, withKey, again, withKey]) {
        const event = await expectRefused(await post(attempt), notAdmitted('already_enrolled'))
        expect(event).toMatchObject({ rule: 'roles.never.reenrollment' })
      }
      await expectRetryOf(await post(first), claims)
      await expectRefused(await post(again), notAdmitted('already_enrolled'))
    })

    it('enrolls once, also with another image, type, address, zone or MAC', async () => {
      const instance = service().newInstance()
      await expectEnrolled(await post(await begin(instance, 'never')))
      const changes: readonly Record<string, string>[] = [
        { 'image-id': 'm-another' },
        { 'instance-type': 'ecs.t6.small' },
        { 'private-ipv4': '10.0.0.1' },
        { 'zone-id': 'cn-hangzhou-i' },
        { mac: '00:16:3e:00:00:01' },
      ]
      for (const change of changes) {
        const attempt = await begin({ ...instance, ...change }, 'never')
        await expectRefused(await post(attempt), notAdmitted('already_enrolled'))
      }
    })

    it('enrolls once, and not after an enrollment under another rule', async () => {
      for (const role of ['always', 'new-image', 'bound']) {
        const instance = service().newInstance()
        const key = role === 'bound' ? await makeKey() : undefined
        await expectEnrolled(await post(await begin(instance, role, { key })))
        const attempt = await begin(instance, 'never')
        await expectRefused(await post(attempt), notAdmitted('already_enrolled'))
      }
    })

    it('is not opened again by an enrollment under always', async () => {
      const instance = service().newInstance()
      await expectEnrolled(await post(await begin(instance, 'never')))
      const refused = await begin(instance, 'never')
      await expectRefused(await post(refused), notAdmitted('already_enrolled'))
      await expectEnrolled(await post(await begin(instance, 'always')))
      await expectRefused(await post(refused), notAdmitted('already_enrolled'))
      const fresh = await begin(instance, 'never')
      await expectRefused(await post(fresh), notAdmitted('already_enrolled'))
    })

    it(`gives one token to ${RACERS} challenges of one instance at the same moment`, async () => {
      const instance = service().newInstance()
      const attempts = await Promise.all(
        Array.from({ length: RACERS }, () => begin(instance, 'never')),
      )
      const answers = await Promise.all(attempts.map(post))
      const winner = answers.findIndex(({ status }) => status === 200)
      const claims = await expectEnrolled(answers[winner] as Answer)
      const losers = answers.filter((_, i) => i !== winner)
      expect(losers).toHaveLength(RACERS - 1)
      for (const answer of losers) {
        await expectRefused(answer, notAdmitted('already_enrolled'))
      }
      // And once more, all of them: the same one, and the same token.
      const again = await Promise.all(attempts.map(post))
      expect(again.map(({ status }) => status)).toEqual(answers.map(({ status }) => status))
      await expectRetryOf(again[winner] as Answer, claims)
      expect(await show(instance)).toMatchObject({ enrollments: 1 })
    })
  })

  describe('POST /v1/enroll, for another instance of the same id,', () => {
    it.each([
      ['under another account', { account: true }],
      ['in another region', { 'region-id': 'cn-beijing' }],
    ])('%s, begins a record of its own and leaves the first alone', async (_, change) => {
      const instance = service().newInstance()
      const account = 'account' in change && { 'owner-account-id': service().newAccount() }
      const other: Instance = { ...instance, ...('account' in change ? account : change) }
      const first = await begin(instance, 'never')
      const claims = await expectEnrolled(await post(first))
      const before = await show(instance)
      await expectEnrolled(await post(await begin(other, 'never')))
      const again = await begin(other, 'never')
      await expectRefused(await post(again), notAdmitted('already_enrolled'))
      expect(await show(instance)).toEqual(before)
      await service().operate('POST', `${pathOf(other)}/reset`)
      await service().operate('POST', `${pathOf(other)}/revoke`)
      await service().operate('DELETE', pathOf(other))
      expect(await show(instance)).toEqual(before)
      await expectRetryOf(await post(first), claims)
      const second = await begin(instance, 'never')
      await expectRefused(await post(second), notAdmitted('already_enrolled'))
    })

    it('with another serial number, begins a record of its own and leaves the first alone', async () => {
      const instance = service().newInstance()
      const other = { ...instance, 'serial-number': 'another-1' }
      const serial = instance['serial-number']
      const first = await begin(instance, 'never')
      const claims = await expectEnrolled(await post(first))
      const before = await listed(instance['instance-id'])
      await expectEnrolled(await post(await begin(other, 'never')))
      const again = await begin(other, 'never')
      await expectRefused(await post(again), notAdmitted('already_enrolled'))
      const both = await listed(instance['instance-id'])
      expect(both).toHaveLength(2)
      expect(both.filter((each) => each['serial_number'] === serial)).toEqual(before)
      await expectRetryOf(await post(first), claims)
      const second = await begin(instance, 'never')
      await expectRefused(await post(second), notAdmitted('already_enrolled'))
    })

    it(`with ${RACERS} serial numbers at the same moment, loses none of them`, async () => {
      const instance = service().newInstance()
      const twins = Array.from({ length: 10 }, (_, i) => ({
        ...instance,
        'serial-number': `s-${i}`,
      }))
      const attempts = await Promise.all(
        twins.flatMap((twin) => [1, 2, 3].map(() => begin(twin, 'never'))),
      )
      const answers = await Promise.all(attempts.map(post))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(twins.length)
      expect(await listed(instance['instance-id'])).toHaveLength(twins.length)
    })
  })

  describe('POST /v1/enroll, under always,', () => {
    it('enrolls again, and a retry gives the token of its own enrollment', async () => {
      const instance = service().newInstance()
      const first = await begin(instance, 'always')
      const claims = await expectEnrolled(await post(first))
      const second = await begin(instance, 'always')
      const others = await expectEnrolled(await post(second))
      expect(others.jti).not.toBe(claims.jti)
      await expectRetryOf(await post(first), claims)
      await expectRetryOf(await post(second), others)
      expect(await show(instance)).toMatchObject({ enrollments: 2 })
    })

    it('gives nothing to an account that no role names, and stores nothing about it', async () => {
      const instance = service().newInstance({ 'owner-account-id': STRANGER })
      const attempt = await begin(instance, 'always')
      const refused = notAdmitted('account_not_allowed')
      await expectRefused(await post(attempt), refused)
      await expectRefused(await post(attempt), refused)
      // The challenge was not spent on it: a stranger's post is no way to take one from its owner.
      const { audience } = attempt
      const owner = await begin(service().newInstance(), 'always', { audience })
      await expectEnrolled(await post(owner))
      const other = await begin(instance, 'always', { audience })
      await expectRefused(await post(other), refused)
      const third = await begin(service().newInstance(), 'always', { audience })
      await expectRefused(await post(third), evidenceRefused('challenge_spent'))
    })
  })
}
