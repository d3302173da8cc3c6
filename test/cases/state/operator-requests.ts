// Calls of operators with a wrong address or wrong fields: they are refused, and leave an audit event.

import { describe, expect, it } from 'vitest'
import { type Answer, expectRefused } from './answer.ts'
import type { SendInit, StateService } from './state-service.ts'
import { OPERATOR } from './constants.ts'

const INSTANCES = '/v1/admin/instances'
const BANS = '/v1/admin/bans'
const IN_REGION = `${INSTANCES}/1609000000000000/cn-hangzhou`

/** Declares the tests. */
export const describeOperatorRequests = (service: () => StateService): void => {
  const operate = (...call: Parameters<StateService['operate']>): Promise<Answer> =>
    service().operate(...call)

  describe('the calls of operators', () => {
    it.each([
      ['limit=0'],
      ['limit=-1'],
      ['limit=1001'],
      ['limit=01'],
      ['limit=1e2'],
      ['limit=1.5'],
      ['limit='],
      ['limit=x'],
      ['limit=1&limit=2'],
      ['cursor='],
      ['cursor=%00'],
      ['cursor=..%2F'],
      ['cursor=-1'],
      ['cursor=not+a+cursor'],
      [`cursor=${'9'.repeat(400)}`],
      ['cursor=0&cursor=1'],
      ['offset=1'],
      ['__proto__=x'],
    ])('refuse the page %s', async (query) => {
      for (const [path, action] of [
        [INSTANCES, 'list'],
        [BANS, 'list_bans'],
      ] as const) {
        const answer = await operate('GET', `${path}?${query}`)
        const event = await expectRefused(answer, [400, 'invalid_request', 'field_malformed'])
        expect(event).toMatchObject({ sub: OPERATOR, action })
      }
    })

    it.each([
      ['GET', `${INSTANCES}/x/cn-hangzhou/i-a`],
      ['GET', `${INSTANCES}/123456789012345678901/cn-hangzhou/i-a`],
      ['GET', `${INSTANCES}/1/CN-HANGZHOU/i-a`],
      ['GET', `${INSTANCES}/1/cn-hangzhou/abc`],
      ['GET', `${IN_REGION}/i-${'a'.repeat(41)}`],
      ['GET', `${IN_REGION}/*`],
      ['GET', `${IN_REGION}/__proto__`],
      ['GET', `${IN_REGION}/:instance`],
      ['POST', `${IN_REGION}/i-A/reset`],
      ['DELETE', `${IN_REGION}/i-a;x`],
      ['DELETE', `${BANS}/account/x`],
      ['DELETE', `${BANS}/image/a:b`],
      ['DELETE', `${BANS}/image/${'a'.repeat(97)}`],
      ['DELETE', `${BANS}/instance/i-`],
    ])('refuse the address %s %s', async (method, path) => {
      const answer = await operate(method, path)
      await expectRefused(answer, [400, 'invalid_request', 'field_malformed'])
    })

    it.each([
      ['GET', `${INSTANCES}/1/cn-hangzhou`],
      ['GET', `${IN_REGION}/i-a/`],
      ['GET', `${IN_REGION}/i-a/tokens`],
      ['GET', `${IN_REGION}//reset`],
      ['POST', `${IN_REGION}/i-a/reset/`],
      ['PUT', `${BANS}/image`],
      ['PUT', `${BANS}/image/a/b`],
      ['GET', `${INSTANCES}/1/cn%2Fhangzhou/i-a`],
      ['GET', `${IN_REGION}/i-a%2Freset`],
      ['GET', `${IN_REGION}/i-a%00`],
      ['GET', `${IN_REGION}/i-a%0A`],
      ['GET', `${IN_REGION}/i-%E2%98%83`],
      ['GET', `${IN_REGION}/i-%zz`],
      ['GET', `${IN_REGION}/i-%ff`],
      ['POST', `${IN_REGION}/i-a%20/revoke`],
      ['DELETE', `${BANS}/account/1%201`],
      ['DELETE', `${BANS}/image/a%2Fb`],
      ['PUT', `${BANS}/%20image/1`],
      ['GET', '/v1/%61dmin/instances'],
      ['GET', '/v1/admin'],
      ['GET', '/V1/admin/bans'],
    ])('have nothing at %s %s', async (method, path) => {
      expect(await operate(method, path)).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      })
    })

    it.each(['role', 'region', 'Account', '__proto__', 'constructor'])(
      'ban nothing of the kind %s',
      async (kind) => {
        const path = `${BANS}/${encodeURIComponent(kind)}/1`
        const answer = await operate('PUT', path, { reason: 'x' })
        await expectRefused(answer, [404, 'not_found', 'field_unknown'])
      },
    )

    it.each([
      ['PUT', `${BANS}/image/m-a`, {}, 'field_missing'],
      ['PUT', `${BANS}/image/m-a`, { reason: '' }, 'field_empty'],
      ['PUT', `${BANS}/image/m-a`, { reason: 'x'.repeat(257) }, 'field_malformed'],
      ['PUT', `${BANS}/image/m-a`, { reason: 'x', until: '1' }, 'field_unknown'],
      ['DELETE', `${BANS}/image/m-a`, { reason: 'x' }, 'field_unknown'],
      ['POST', `${IN_REGION}/i-a/reset`, { generation: '0' }, 'field_unknown'],
      ['POST', `${IN_REGION}/i-a/revoke`, { until: '0' }, 'field_unknown'],
      ['DELETE', `${IN_REGION}/i-a`, { x: 'y' }, 'field_unknown'],
      ['POST', '/v1/introspect', {}, 'field_missing'],
      ['POST', '/v1/introspect', { token: '' }, 'field_empty'],
      ['POST', '/v1/introspect', { token: 'x', more: 'y' }, 'field_unknown'],
      ['POST', '/v1/revoke', {}, 'field_missing'],
      ['POST', '/v1/revoke', { token: 'x', jti: 'a'.repeat(22) }, 'field_missing'],
      ['POST', '/v1/revoke', { jti: 'short' }, 'field_malformed'],
    ])('refuse %s %s with the fields %j', async (method, path, fields, reason) => {
      const answer = await operate(method, path, fields)
      const event = await expectRefused(answer, [400, 'invalid_request', reason])
      expect(event).toMatchObject({ event: 'admin', sub: OPERATOR })
    })

    it.each([
      ['POST', `${IN_REGION}/i-a/reset?force=1`],
      ['PUT', `${BANS}/image/m-a?reason=x`],
      ['POST', '/v1/introspect?token=x'],
    ])('refuse fields in the address: %s %s', async (method, path) => {
      const answer = await operate(method, path)
      await expectRefused(answer, [400, 'invalid_request', 'query_not_allowed'])
    })

    it('take no fields in another form', async () => {
      const path = `${BANS}/image/m-a`
      for (const [type, body] of [
        ['text/plain', 'reason=x'],
        ['application/xml', '<reason/>'],
      ] as const) {
        const headers = {
          Authorization: `Bearer ${service().operatorToken()}`,
          'Content-Type': type,
        }
        const init: SendInit = { headers, body }
        const answer = await service().send('PUT', path, init)
        await expectRefused(answer, [415, 'unsupported_media_type', 'content_type'])
      }
    })
  })
}
