// What outlives the process, and what a process with another configuration refuses. Stops and starts the
// service, so it comes last.

import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Answer,
  evidenceRefused,
  expectEnrolled,
  expectRefused,
  expectRetryOf,
  notAdmitted,
} from './answer.ts'
import { makeKey } from './independent-jws.ts'
import { CALLS } from './operators.ts'
import type { Attempt, StateService } from './state-service.ts'
import { pathOf } from './constants.ts'

const SHORT_SECONDS = 2

/** Declares the tests. */
export const describeRestarts = (service: () => StateService): void => {
  const begin = (role: string): Promise<Attempt> =>
    service().begin(service().newInstance(), { role })
  const post = (attempt: Attempt): Promise<Answer> => service().post(attempt)

  describe('the service, started again,', () => {
    it('knows all that it knew, or refuses whatever it could have known', async () => {
      const { persistent } = service()
      const answered = await begin('never')
      const answer = await post(answered)
      const claims = await expectEnrolled(answer)
      const unposted = await begin('always')
      const instance = service().newInstance()
      const enrolled = await service().begin(instance, { role: 'never' })
      await expectEnrolled(await post(enrolled))
      const refused = await service().begin(instance, { role: 'never' })
      await expectRefused(await post(refused), notAdmitted('already_enrolled'))
      const reset = await service().operate('POST', `${pathOf(instance)}/reset`)
      expect(reset).toMatchObject({ status: 200 })
      await service().nextSecond()
      const banned = service().newInstance()
      const ban = `/v1/admin/bans/instance/${banned['instance-id']}`
      expect(await service().operate('PUT', ban, { reason: 'x' })).toMatchObject({ status: 200 })
      const revoked = await post(await begin('always'))
      const { jti } = await expectEnrolled(revoked)
      await service().operate('POST', '/v1/revoke', { jti: String(jti) })
      const used = service().operatorToken()
      const headers = { Authorization: `Bearer ${used}` }
      expect(await service().send('GET', '/v1/admin/bans', { headers })).toMatchObject({
        status: 200,
      })

      await service().restart()

      if (!persistent) {
        // Nothing that came before is taken: any of it could have been spent.
        for (const attempt of [answered, unposted, enrolled, refused]) {
          await expectRefused(await post(attempt), evidenceRefused('challenge_before_ledger'))
        }
        expect((await service().send('GET', '/v1/admin/bans', { headers })).status).toBe(401)
        // The revoked token is not good again because its revocation is lost.
        const token = String(revoked.body['access_token'])
        const told = await service().operate('POST', '/v1/introspect', { token })
        expect(told.body).toEqual({ active: false })
        await expectEnrolled(await post(await begin('always')))
        return
      }
      await expectRetryOf(await post(answered), claims)
      const { audience } = answered
      const replay = { role: 'never', audience }
      const thief = await service().begin(service().newInstance(), replay)
      await expectRefused(await post(thief), evidenceRefused('challenge_spent'))
      await expectEnrolled(await post(unposted))
      for (const attempt of [enrolled, refused]) {
        await expectRefused(await post(attempt), evidenceRefused('challenge_before_reset'))
      }
      await expectEnrolled(await post(await service().begin(instance, { role: 'never' })))
      const second = await service().begin(instance, { role: 'never' })
      await expectRefused(await post(second), notAdmitted('already_enrolled'))
      const late = await service().begin(banned, { role: 'always' })
      await expectRefused(await post(late), notAdmitted('banned'))
      const token = String(revoked.body['access_token'])
      const told = await service().operate('POST', '/v1/introspect', { token })
      expect(told.body).toEqual({ active: false })
      const replayed = await service().send('GET', '/v1/admin/bans', { headers })
      await expectRefused(replayed, [401, 'invalid_token', 'operator_token_used'])
    })

    it('after an end in the middle of a race under never, gives the one token, and no second', async () => {
      const { persistent } = service()
      for (let round = 0; round < 3; round++) {
        const instance = service().newInstance()
        const attempts = await Promise.all(
          Array.from({ length: 20 }, () => service().begin(instance, { role: 'never' })),
        )
        const racing = Promise.allSettled(attempts.map(post))
        await setTimeout(20 * round)
        await service().restart()
        const before = (await racing).flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []))
        const after = await Promise.all([...attempts, ...attempts].map(post))
        const given = [...before, ...after].filter(({ status }) => status === 200)
        const jtis = new Set(given.map((answer) => answer.claims().jti))
        if (!persistent) {
          // Its memory is gone, and with it every challenge of before.
          for (const answer of after) {
            await expectRefused(answer, evidenceRefused('challenge_before_ledger'))
          }
          expect(jtis.size).toBeLessThanOrEqual(1)
          continue
        }
        expect(jtis.size).toBe(1)
        const late = await service().begin(instance, { role: 'never' })
        await expectRefused(await post(late), notAdmitted('already_enrolled'))
      }
    })

    it('with another challenge key, refuses what was made under the one that left', async () => {
      const [kept, left] = service().challengeKeys.map((key) => key.toString('base64url'))
      const added = randomBytes(32).toString('base64url')
      service().secrets.add(added)
      const before = await begin('always')
      await service().restart({ ROLLCALL_CHALLENGE_KEYS: `${added},${kept}` })
      // Still of the set, though it no longer makes challenges.
      if (service().persistent) await expectEnrolled(await post(before))
      const between = await begin('always')
      await service().restart({ ROLLCALL_CHALLENGE_KEYS: String(left) })
      for (const attempt of [before, between]) {
        await expectRefused(await post(attempt), evidenceRefused('challenge_not_ours'))
      }
      await expectEnrolled(await post(await begin('always')))
    })
  })

  describe(`the service, started again with a life of ${SHORT_SECONDS} s and no operators,`, () => {
    beforeAll(() =>
      service().restart({
        ROLLCALL_CHALLENGE_LIFETIME_SECONDS: String(SHORT_SECONDS),
        ROLLCALL_ADMIN_KEYS: undefined,
      }),
    )

    it('refuses a challenge that has outlived it, spent or not', async () => {
      let spent = await begin('always')
      let answer = await post(spent)
      // On a machine that takes longer than this for one enrollment, once more.
      for (let tries = 0; answer.status !== 200 && tries < 5; tries++) {
        spent = await begin('always')
        answer = await post(spent)
      }
      await expectEnrolled(answer)
      const unspent = await begin('always')
      await service().pass(SHORT_SECONDS + 1)
      for (const attempt of [spent, unspent, spent]) {
        await expectRefused(await post(attempt), evidenceRefused('challenge_expired'))
      }
    })

    it.each(CALLS)('has no call %s', async (_, method, path) => {
      const stranger = await makeKey()
      for (const Authorization of [
        undefined,
        `Bearer ${service().operatorToken()}`,
        `Bearer ${service().operatorToken({}, stranger)}`,
      ]) {
        const answer = await service().send(method, path, { headers: { Authorization } })
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } })
      }
    })

    it('has written no secret in all that time', () => {
      const { secrets, output } = service()
      expect(secrets.size).toBeGreaterThan(10)
      const written = output()
      expect([...secrets].filter((secret) => written.includes(secret))).toEqual([])
    })
  })
}
