// What `rollcall admin` does when the service can't answer, or something else answers in its place.

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { reservePort } from '../../../support/ports.ts'
import {
  ACCOUNT,
  type AdminService,
  REGION,
  startAdminService,
} from '../../../support/admin-service.ts'
import { htmlPage, hostileProblem, problem } from '../../../support/problem.ts'

const NAME = [ACCOUNT, REGION, 'i-bp1first']

let service: AdminService
beforeAll(async () => {
  service = await startAdminService()
  await service.enroll('i-bp1first')
})
afterEach(() => {
  service.troubles.length = 0
  service.requests.length = 0
})
afterAll(() => service.close())

const unavailable = (retryAfter?: string) => (): Response =>
  problem('unavailable', retryAfter ? { headers: { 'Retry-After': retryAfter } } : {})

describe('rollcall admin, without a service', () => {
  it('ends with exit status 5 when nothing listens, tried as often as was said', async () => {
    const issuer = `http://127.0.0.1:${await reservePort()}`
    const args = ['list', '--key', service.keyFile, '--issuer', issuer, '--retries', '2']
    const { status, stdout, stderr } = await service.command.run(['admin', ...args])
    expect({ status, stdout }).toEqual({ status: 5, stdout: '' })
    expect(stderr.match(/retrying in \d\.\d s/g)).toHaveLength(2)
    expect(stderr).toContain(`${issuer}: the connection was refused (ECONNREFUSED), tried 3 times`)
    expect(stderr).toContain('is it running, and on this port?')
  })

  it('ends with exit status 5 when somebody listens and says nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const args = ['list', '--key', service.keyFile, '--issuer', issuer]
    const { status, stderr } = await service.command.run([
      'admin',
      ...args,
      '--retries=0',
      '--timeout=1',
    ])
    server.close()
    expect(status).toBe(5)
    expect(stderr).toContain('no answer within 1 s, tried 1 time; check the network')
  })

  it.each<[string, () => Response, string]>([
    ['429', () => problem('rate_limited'), 'the service answered 429, request r-1: .+'],
    ['500', () => problem('internal_error'), 'the service answered 500, request r-1: .+'],
    ['503', unavailable(), 'the service answered 503, request r-1: .+'],
    ['502 of a proxy', () => htmlPage(502), 'something else answers: 502 text/html'],
    ['504 of a proxy', () => htmlPage(504), 'something else answers: 504 text/html'],
  ])('goes on after %s, when it passes, with a token of its own', async (_, trouble, told) => {
    service.troubles.push(trouble, trouble)
    const { status, stdout, stderr } = await service.admin(['show', ...NAME])
    expect(status).toBe(0)
    expect(stdout).toContain('i-bp1first')
    expect(stderr.match(new RegExp(`${told}; retrying in`, 'g'))).toHaveLength(2)
    const tokens = service.requests.map(({ headers }) => headers.get('Authorization'))
    expect(new Set(tokens).size).toBe(3)
  })

  it('waits as long as Retry-After says, as seconds and as a date', async () => {
    const date = new Date(service.timing.now() * 1000 + 5_000).toUTCString()
    service.troubles.push(unavailable('2'), unavailable(date))
    const before = service.timing.waits.length
    const { status, stderr } = await service.admin(['show', ...NAME])
    expect(status).toBe(0)
    expect(stderr).toMatch(/retrying in (?:2\.\d|3\.0) s/)
    const [asSeconds, asDate, ...more] = service.timing.waits.slice(before)
    expect(asSeconds).toBeGreaterThanOrEqual(2)
    expect(asDate).toBeGreaterThan(1)
    expect(more).toEqual([])
  })

  it('ends with exit status 5 when it does not pass', async () => {
    service.troubles.push(unavailable(), unavailable())
    const { status, stderr } = await service.admin(['list', '--retries', '1'])
    expect(status).toBe(5)
    expect(stderr).toContain('try again later\nTried 2 times; try again later')
  })

  it('says what may have happened when the answer of a first try was lost', async () => {
    await service.seed([{ id: 'i-lost' }])
    service.troubles.push(async (request) => {
      await service.admin(['forget', ACCOUNT, REGION, 'i-lost'])
      expect(request.method).toBe('DELETE')
      return unavailable()()
    })
    const { status, stderr } = await service.admin(['forget', ACCOUNT, REGION, 'i-lost'])
    expect(status).toBe(4)
    expect(stderr).toContain('An earlier try may have succeeded although its answer was lost')
  })

  it.each([
    ['400', 'invalid_request', 2],
    ['413', 'payload_too_large', 2],
    ['415', 'unsupported_media_type', 5],
  ] as const)('does not try %s again, which does not pass', async (_, code, exit) => {
    service.troubles.push(() => problem(code))
    const { status } = await service.admin(['list'])
    expect(status).toBe(exit)
    expect(service.requests).toHaveLength(1)
  })

  it('takes a page of HTML for another server, and gives up on it with exit status 5', async () => {
    service.troubles.push(
      () => htmlPage(200),
      () => htmlPage(200),
    )
    const { status, stderr } = await service.admin(['list', '--retries', '1'])
    expect(status).toBe(5)
    expect(stderr).toContain(
      `something else answers at ${service.url}: 200 text/html, tried 2 times; check the address`,
    )
  })

  it('does not take the page of another server for a revocation', async () => {
    service.troubles.push(
      () => htmlPage(200),
      () => new Response(''),
    )
    const { status } = await service.admin([
      'revoke-token',
      '--jti',
      'A'.repeat(22),
      '--retries',
      '1',
    ])
    expect(status).toBe(5)
    expect(service.requests).toHaveLength(2)
  })

  it.each([
    ['what is no JSON', '<html>', 'did not answer with JSON; is the issuer a rollcall service?'],
    [
      'other JSON',
      '{"instances":[{"instance_id":7}]}',
      '(instances.0.owner_account_id: expected a string)',
    ],
    [
      'a malformed time',
      '{"instances":[{"first_enrolled_at":1e99}]}',
      'the answer has an unexpected form',
    ],
    ['nothing', '', 'the answer has an unexpected form'],
  ])('ends with exit status 5 on %s', async (_, body, message) => {
    const headers = { 'Content-Type': 'application/json' }
    service.troubles.push(() => new Response(body, { headers }))
    const { status, stdout, stderr } = await service.admin(['list'])
    expect({ status, stdout }).toEqual({ status: 5, stdout: '' })
    expect(stderr).toContain(message)
  })

  it('shows nothing of an answer that could move a cursor', async () => {
    const odd = { title: 'a\u001b[2Jb', request_id: 'x\ny' }
    service.troubles.push(() => hostileProblem(odd))
    const { stderr } = await service.admin(['list'])
    expect(stderr).toBe('rollcall: the service answered 400, request x\\u000ay: a\\u001b[2Jb\n')
  })
})
