// What operators' calls do: each what it says, twice no more than once, told to the log with who and
// what, and no secret in any answer.

import { describe, expect, it } from 'vitest'
import { type Answer, expectEnrolled, expectRefused } from './answer.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'
import { makeKey } from './independent-jws.ts'
import type { StateService } from './state-service.ts'
import { type Instance, OPERATOR, pathOf } from './constants.ts'
import { expectNoToken } from '../../support/no-token.ts'

const INSTANCES = '/v1/admin/instances'
const BANS = '/v1/admin/bans'

/** Declares the tests. */
export const describeOperatorCalls = (service: () => StateService): void => {
  const enrolled = async (role = 'always'): Promise<Instance> => {
    const instance = service().newInstance()
    await expectEnrolled(await service().post(await service().begin(instance, { role })))
    return instance
  }
  const operate = (...call: Parameters<StateService['operate']>): Promise<Answer> =>
    service().operate(...call)

  /** Looks that a call succeeded, and what the log says. */
  const expectDone = async (
    answer: Answer,
    action: string,
    facts: Readonly<Record<string, unknown>> = {},
  ): Promise<Answer['body']> => {
    expect({ status: answer.status, ...answer.body }).toMatchObject({ status: 200 })
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    expect(await answer.event()).toEqual({
      version: 1,
      time: expect.stringMatching(/\.[0-9]{3}Z$/),
      request_id: answer.headers.get('X-Request-Id'),
      duration_ms: expect.any(Number),
      event: 'admin',
      outcome: 'done',
      sub: OPERATOR,
      operator_kid: service().operatorKeys[0]?.thumbprint,
      action,
      ...facts,
    })
    return answer.body
  }
  const factsOf = (instance: Instance): Readonly<Record<string, unknown>> => ({
    instance_id: instance['instance-id'],
    owner_account_id: instance['owner-account-id'],
    region_id: instance['region-id'],
  })

  /** Every item of a list, a page at a time. */
  const pages = async (path: string, name: string, limit: number): Promise<Answer['body'][]> => {
    const items: Answer['body'][] = []
    let cursor = ''
    for (;;) {
      const { body } = await operate('GET', `${path}?limit=${limit}${cursor}`)
      items.push(...(body[name] as Answer['body'][]))
      if (body['cursor'] === undefined) return items
      cursor = `&cursor=${String(body['cursor'])}`
    }
  }

  describe('GET /v1/admin/instances/{account}/{region}/{instance}', () => {
    it('shows the record of an instance, and no more', async () => {
      const key = await makeKey()
      const instance = service().newInstance()
      const attempt = await service().begin(instance, { role: 'bound', key })
      const { iat } = await expectEnrolled(await service().post(attempt))
      const body = await expectDone(
        await operate('GET', pathOf(instance)),
        'show',
        factsOf(instance),
      )
      expect(body).toEqual({
        ...factsOf(instance),
        serial_number: instance['serial-number'],
        image_id: instance['image-id'],
        private_ipv4: DOCUMENT_FIELDS['private-ipv4'],
        first_enrolled_at: iat,
        last_enrolled_at: iat,
        enrollments: 1,
        role: 'bound',
        jkt: key.thumbprint,
        generation: 0,
        open: false,
      })
    })
  })

  describe.each([
    ['reset', 'POST', '/reset'],
    ['revoke', 'POST', '/revoke'],
    ['show', 'GET', ''],
    ['forget', 'DELETE', ''],
  ])('the call %s', (action, method, suffix) => {
    it('answers 404 for an instance that never enrolled, and leaves an audit event', async () => {
      const instance = service().newInstance()
      const answer = await operate(method, pathOf(instance) + suffix)
      const event = await expectRefused(answer, [404, 'not_found', 'instance_unknown'])
      expect(event).toMatchObject({ sub: OPERATOR, action, ...factsOf(instance) })
      expect((await operate('GET', pathOf(instance))).status).toBe(404)
    })

    it('finds no instance under another account or region', async () => {
      const instance = await enrolled()
      const before = (await operate('GET', pathOf(instance))).body
      for (const change of [{ 'owner-account-id': '1' }, { 'region-id': 'cn-beijing' }]) {
        const path = pathOf({ ...instance, ...change })
        expect((await operate(method, path + suffix)).status).toBe(404)
      }
      expect((await operate('GET', pathOf(instance))).body).toEqual(before)
    })
  })

  describe('the calls of operators', () => {
    it('reset, revoke and forget an instance, and twice is no more than once', async () => {
      const instance = await enrolled()
      const path = pathOf(instance)
      const facts = factsOf(instance)
      const reset = await expectDone(await operate('POST', `${path}/reset`), 'reset', facts)
      expect(reset).toMatchObject({ open: true, generation: 1 })
      expect(reset['jkt']).toBeUndefined()
      const again = await expectDone(await operate('POST', `${path}/reset`), 'reset', facts)
      expect(again).toEqual({ ...reset, generation: 2 })

      const revoked = await expectDone(await operate('POST', `${path}/revoke`), 'revoke', facts)
      const until = Number(revoked['revoked_until'])
      expect(Math.abs(until - service().now())).toBeLessThan(5)
      const twice = await expectDone(await operate('POST', `${path}/revoke`), 'revoke', facts)
      expect(Number(twice['revoked_until'])).toBeGreaterThanOrEqual(until)
      expect(twice).toEqual({ ...revoked, revoked_until: twice['revoked_until'] })

      const forgotten = await expectDone(await operate('DELETE', path), 'forget', facts)
      expect(forgotten).toMatchObject({ enrollments: 0, open: true })
      expect(forgotten['image_id']).toBeUndefined()
      expect((await operate('DELETE', path)).status).toBe(404)
      expect((await operate('GET', path)).status).toBe(404)
    })

    it('ban, give another reason, and lift, twice like once', async () => {
      const value = `m-${crypto.randomUUID()}`
      const path = `${BANS}/image/${value}`
      const mine = async (): Promise<unknown[]> =>
        (await pages(BANS, 'bans', 5)).filter((ban) => ban['value'] === value)
      const reason = 'a "reason"\n<b> of \u2028 any characters: {"event":"enroll"}'
      for (const why of ['first', reason, reason]) {
        const body = await expectDone(await operate('PUT', path, { reason: why }), 'ban', {
          image_id: value,
        })
        expect(body).toEqual({
          kind: 'image',
          value,
          reason: why,
          banned_by: OPERATOR,
          banned_by_kid: service().operatorKeys[0]?.thumbprint,
          banned_at: expect.any(Number),
        })
        expect(await mine()).toEqual([body])
      }
      for (let times = 0; times < 2; times++) {
        const body = await expectDone(await operate('DELETE', path), 'unban', { image_id: value })
        expect(body).toEqual({ kind: 'image', value })
        expect(await mine()).toEqual([])
      }
      expect(service().output()).not.toContain('any characters')
    })

    it('tell the log which account or instance a ban is about', async () => {
      const [account, instance] = [service().newAccount(), `i-${Date.now().toString(36)}`]
      for (const [kind, value, fact] of [
        ['account', account, { owner_account_id: account }],
        ['instance', instance, { instance_id: instance }],
      ] as const) {
        const path = `${BANS}/${kind}/${value}`
        await expectDone(await operate('PUT', path, { reason: 'x' }), 'ban', fact)
        await expectDone(await operate('DELETE', path), 'unban', fact)
      }
    })

    it('list every instance and every ban, in pages of any size', async () => {
      const instances = await Promise.all([1, 2, 3, 4, 5, 6].map(() => enrolled()))
      const values = instances.map((instance) => instance['instance-id'])
      const path = (value: string): string => `${BANS}/instance/${value}`
      await Promise.all(values.map((value) => operate('PUT', path(value), { reason: 'x' })))
      for (const limit of [4, 1000]) {
        const listed = await pages(INSTANCES, 'instances', limit)
        const found = new Set(listed.map((each) => each['instance_id']))
        expect(values.filter((value) => !found.has(value))).toEqual([])
        const banned = new Set((await pages(BANS, 'bans', limit)).map(({ value }) => value))
        expect(values.filter((value) => !banned.has(value))).toEqual([])
      }
      await Promise.all(values.map((value) => operate('DELETE', path(value))))
      await expectDone(await operate('GET', INSTANCES), 'list')
      await expectDone(await operate('GET', BANS), 'list_bans')
    })

    it('show no secret: no answer has a member for one', async () => {
      const key = await makeKey()
      const instance = service().newInstance()
      const attempt = await service().begin(instance, { role: 'bound', key })
      await expectEnrolled(await service().post(attempt))
      const answers = [
        await operate('GET', pathOf(instance)),
        await operate('GET', `${INSTANCES}?limit=1000`),
        await operate('POST', `${pathOf(instance)}/reset`),
        await operate('GET', BANS),
      ]
      for (const { text } of answers) {
        for (const secret of service().secrets) expect(text.includes(secret)).toBe(false)
        expectNoToken(text)
        expect(text).not.toMatch(/"(?:d|k|jti|token|audience|pkcs7)"/)
      }
    })
  })
}
