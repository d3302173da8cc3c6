// What ends tokens that were given: a revocation, and forgetting an instance. What was stolen with them
// gives no new one.

import { describe, expect, it } from 'vitest'
import {
  evidenceRefused,
  expectEnrolled,
  expectRefused,
  expectRetryOf,
  notAdmitted,
} from './answer.ts'
import { operating } from './operating.ts'
import type { StateService } from './state-service.ts'
import { type Instance, pathOf } from './constants.ts'

/** Declares the tests. */
export const describeRevocations = (service: () => StateService): void => {
  const { begin, post, several, operate, introspect } = operating(service)
  const revoke = (instance: Instance) => operate('POST', `${pathOf(instance)}/revoke`)
  const forget = (instance: Instance) => operate('DELETE', pathOf(instance))

  describe('a revocation', () => {
    it('of an instance ends its tokens and retries; a fresh enrollment gives a good one', async () => {
      const instance = service().newInstance()
      const attempt = await begin(instance, 'always')
      const answer = await post(attempt)
      await expectEnrolled(answer)
      expect(await introspect(answer)).toMatchObject({ active: true })
      const record = await revoke(instance)
      expect(record).toMatchObject({ revoked_until: expect.any(Number), open: false })
      expect(await introspect(answer)).toEqual({ active: false })

      await service().nextSecond()
      await expectRefused(await post(attempt), evidenceRefused('enrollment_revoked'))
      const fresh = await post(await begin(instance, 'always'))
      await expectEnrolled(fresh)
      expect(await introspect(fresh)).toMatchObject({ active: true })
      await expectRefused(await post(attempt), evidenceRefused('enrollment_revoked'))
    })

    it('refuses enrollments in its own second, because it covers their tokens', async () => {
      const instance = service().newInstance()
      await expectEnrolled(await post(await begin(instance, 'always')))
      for (let tries = 0; ; tries++) {
        const attempt = await begin(instance, 'always')
        await service().nextSecond()
        await revoke(instance)
        const answer = await post(attempt)
        if (answer.status === 200 && tries < 10) continue
        await expectRefused(answer, [503, 'unavailable', 'revoked_just_now'])
        expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]$/)
        await service().nextSecond()
        // The challenge was not spent: a second later the same evidence is accepted.
        await expectEnrolled(await post(attempt))
        return
      }
    })

    it('opens nothing: under never the instance stays enrolled', async () => {
      const instance = service().newInstance()
      const first = await begin(instance, 'never')
      await expectEnrolled(await post(first))
      await revoke(instance)
      await service().nextSecond()
      await expectRefused(await post(first), evidenceRefused('enrollment_revoked'))
      const fresh = await begin(instance, 'never')
      await expectRefused(await post(fresh), notAdmitted('already_enrolled'))
      await expectRefused(await post(first), evidenceRefused('enrollment_revoked'))
    })

    it('of one token ends it and the retries that would give it again, and no other', async () => {
      const instance = service().newInstance()
      const [stolen, other] = [await begin(instance, 'always'), await begin(instance, 'always')]
      const [answer, kept] = [await post(stolen), await post(other)]
      const { jti } = await expectEnrolled(answer)
      const claims = await expectEnrolled(kept)
      await operate('POST', '/v1/revoke', { jti: String(jti) })
      expect(await introspect(answer)).toEqual({ active: false })
      await expectRefused(await post(stolen), evidenceRefused('enrollment_revoked'))
      expect(await introspect(kept)).toMatchObject({ active: true })
      await expectRetryOf(await post(other), claims)
      await operate('POST', '/v1/revoke', { token: String(kept.body['access_token']) })
      expect(await introspect(kept)).toEqual({ active: false })
      await expectRefused(await post(other), evidenceRefused('enrollment_revoked'))
    })

    it('in the middle of a race leaves no active token that was issued before it', async () => {
      const instance = service().newInstance()
      await expectEnrolled(await post(await begin(instance, 'always')))
      const attempts = await several(20, instance, 'always')
      const calls = attempts.map(post)
      const { revoked_until: until } = await revoke(instance)
      const answers = (await Promise.all(calls)).filter(({ status }) => status === 200)
      for (const answer of answers) {
        const active = Number(answer.claims().iat) > Number(until)
        expect(await introspect(answer)).toMatchObject({ active })
      }
    })
  })

  describe('forgetting an instance', () => {
    it('ends its tokens, lets it enroll as a new one, and brings nothing back to life', async () => {
      const instance = service().newInstance()
      const first = await begin(instance, 'never')
      const answer = await post(first)
      await expectEnrolled(answer)
      const refused = await begin(instance, 'never')
      await expectRefused(await post(refused), notAdmitted('already_enrolled'))
      await forget(instance)
      expect((await service().operate('GET', pathOf(instance))).status).toBe(404)
      expect(await introspect(answer)).toEqual({ active: false })
      await service().nextSecond()
      for (const attempt of [first, refused]) {
        await expectRefused(await post(attempt), evidenceRefused('challenge_before_reset'))
      }
      const fresh = await begin(instance, 'never')
      await expectEnrolled(await post(fresh))
      expect(await operate('GET', pathOf(instance))).toMatchObject({ enrollments: 1 })
      for (const attempt of [first, refused]) {
        await expectRefused(await post(attempt), evidenceRefused('challenge_before_reset'))
      }
      expect(await introspect(answer)).toEqual({ active: false })
      const again = await begin(instance, 'never')
      await expectRefused(await post(again), notAdmitted('already_enrolled'))
    })
  })
}
