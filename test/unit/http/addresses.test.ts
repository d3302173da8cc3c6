// What holds of every address: unknown ones, other methods, and the name that each request has.

import { beforeAll, describe, expect, it } from 'vitest'
import { FORM, form, problemOf } from '../../support/http.ts'
import { type TestService, createTestService } from '../../support/test-service.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

let service: TestService
beforeAll(async () => {
  service = await createTestService()
})

describe('an address', () => {
  it.each([
    '/',
    '/v1',
    '/V1/enroll',
    '/v1//enroll',
    '/v1/enroll/',
    '/v1/enroll/x',
    '/healthz%20',
    '/healthz;x',
    '/healthz#x',
    '/health%7A',
    '/v1/challeng%65',
    '/v1/%61dmin/instances',
    '/v1/enroll%',
    '/v1/enroll%00',
    '/v1/enröll',
    '/bootstrap%2Esh?role=worker',
    '/%2ewell-known/jwks.json',
    '/healthz/',
    '/.well-known',
  ])('that the service does not have, %s, is answered with 404', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const problem = await problemOf(await service.request(path, { method }))
      expect(problem).toMatchObject({ status: 404, code: 'not_found' })
    }
  })

  it('whose dots are resolved is the address that they lead to', async () => {
    for (const path of ['/x/../healthz', '/x/%2e%2e/healthz', '/./healthz']) {
      expect((await service.request(path)).status).toBe(200)
    }
    expect((await service.request('/%2e%2e/%68ealthz')).status).toBe(404)
  })

  it.each([
    ['GET', '/v1/challenge', 'POST'],
    ['PUT', '/v1/enroll', 'POST'],
    ['OPTIONS', '/v1/enroll', 'POST'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['DELETE', '/.well-known/jwks.json', 'GET, HEAD'],
    ['POST', '/.well-known/openid-configuration', 'GET, HEAD'],
    ['PATCH', '/openapi.json', 'GET, HEAD'],
    ['POST', '/bootstrap.sh', 'GET, HEAD'],
    ['PURGE', '/v1/enroll', 'POST'],
  ])('refuses the method %s at %s, and says which it takes', async (method, path, allow) => {
    const response = await service.request(path, { method })
    expect(response.headers.get('Allow')).toBe(allow)
    expect(await problemOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' })
  })

  it('that takes POST alone refuses HEAD, without a body', async () => {
    const response = await service.request('/v1/enroll', { method: 'HEAD' })
    expect([response.status, response.headers.get('Allow')]).toEqual([405, 'POST'])
    expect(await response.text()).toBe('')
  })
})

describe('X-Request-Id', () => {
  it.each(['a', 'A.b_c-9', 'x'.repeat(64)])('of the caller, %s, is taken', async (id) => {
    const headers = { 'X-Request-Id': id }
    const good = await service.post('/v1/challenge', {}, headers)
    expect(good.headers.get('X-Request-Id')).toBe(id)
    expect(service.events.at(-1)?.request_id).toBe(id)
    const bad = await problemOf(await service.request('/nothing', { headers }))
    expect(bad.request_id).toBe(id)
  })

  it.each(['', 'x'.repeat(65), 'a b', 'a"b', 'a,b', '<a>', 'é', 'a/b'])(
    'of the caller that is not fit for a log, %j, is replaced',
    async (id) => {
      const response = await service.post('/v1/challenge', {}, { 'X-Request-Id': id })
      expect(response.headers.get('X-Request-Id')).toMatch(UUID)
      expect(service.events.at(-1)?.request_id).toBe(response.headers.get('X-Request-Id'))
    },
  )

  it('that is there twice is replaced', async () => {
    const headers = new Headers(FORM)
    headers.append('X-Request-Id', 'one')
    headers.append('X-Request-Id', 'two')
    const init = { method: 'POST', headers, body: form({}) }
    const response = await service.request('/v1/challenge', init)
    expect(response.headers.get('X-Request-Id')).toMatch(UUID)
  })

  it('is made anew for each request', async () => {
    const answers = [await service.request('/healthz'), await service.request('/healthz')]
    const [first, second] = answers.map(({ headers }) => headers.get('X-Request-Id'))
    expect(first).toMatch(UUID)
    expect(second).not.toBe(first)
  })
})
