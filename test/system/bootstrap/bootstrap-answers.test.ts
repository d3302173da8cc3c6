// What bootstrap.sh takes for an answer of its service: a problem document with a known code, or a success of the
// expected type. Anything else is named and tried again.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FOUND_IN_AUDIT } from '../../../src/client/refusal.ts'
import { createScriptTime, enrollIn, problem } from '../../support/bootstrap.ts'
import { type ClientServers, startClientServers } from '../../support/client-servers.ts'
import { ROLE, claimsOf } from '../../support/test-enroller.ts'

let folder: string
const started: ClientServers[] = []
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-answers-'))
})
afterAll(async () => {
  await Promise.all(started.map((servers) => servers.close()))
  rmSync(folder, { recursive: true })
})

const CALLS = ['challenge', 'enroll'] as const
type Call = (typeof CALLS)[number]

/** Runs the script, without waiting, while the first `times` answers to a call are these. */
const enroll = async (
  call: Call,
  answer: () => Response,
  { times = Infinity, env = {} }: { times?: number; env?: Record<string, string> } = {},
) => {
  const servers = await startClientServers()
  started.push(servers)
  let left = times
  servers.intercept = (request) =>
    request.url.endsWith(`/v1/${call}`) && left-- > 0 ? answer() : undefined
  const { PATH } = createScriptTime(mkdtempSync(join(folder, 'time-')))
  const run = await enrollIn(servers, { PATH, ROLLCALL_ATTEMPTS: '3', ...env })
  return { ...run, tries: servers.bodiesOf(`POST /v1/${call}`).length, url: servers.url }
}

const page =
  (status: number, headers: Record<string, string> = {}, body: string | null = '<html></html>') =>
  (): Response =>
    new Response(body, {
      status,
      headers: { 'Content-Type': 'text/html; charset=UTF-8', ...headers },
    })

const asProblem =
  (body: string, status: number, type = 'application/problem+json') =>
  () =>
    new Response(body, { status, headers: { 'Content-Type': type } })

const FOREIGN: readonly (readonly [string, () => Response, string])[] = [
  ["a CDN's page", page(403, { Server: 'cloudflare' }), '403 text/html, server cloudflare'],
  ['an Ingress without the route', page(404), '404 text/html'],
  [
    'a redirect',
    page(301, { Location: 'https://login.example/?a' }),
    '301 text/html, leads to https://login.example/?a',
  ],
  [
    'a redirect with a long target',
    page(302, { Location: `/${'x'.repeat(400)}` }),
    `/${'x'.repeat(199)};`,
  ],
  ['a captive portal', page(200), '200 text/html'],
  ['a gateway', page(502), '502 text/html'],
  ['an answer without a type', () => new Response(null, { status: 404 }), '404'],
  [
    'a problem of another service',
    asProblem('{"title":"no","status":403,"code":"forbidden"}', 403),
    '403 application/problem+json',
  ],
  [
    'a problem whose status is not the status of the answer',
    asProblem('{"title":"no","status":404,"code":"not_admitted"}', 403),
    '403 application/problem+json',
  ],
  [
    'a code inside of a title',
    asProblem(String.raw`{"title":"\"code\":\"not_admitted\"","status":403}`, 403),
    '403 application/problem+json',
  ],
  [
    'JSON that is no problem document',
    asProblem('{"title":"no","status":403,"code":"not_admitted"}', 403, 'application/json'),
    '403 application/json',
  ],
]

describe.concurrent('bootstrap.sh', () => {
  for (const call of CALLS) {
    it.each(FOREIGN)(
      `names %s at /v1/${call}, tries again, and ends with 5`,
      async (_, answer, named) => {
        const { status, stdout, stderr, tries, url } = await enroll(call, answer)
        expect({ status, stdout, tries }, stderr).toEqual({ status: 5, stdout: '', tries: 3 })
        expect(stderr).toContain(`something else answers at ${url}: `)
        expect(stderr).toContain(named)
        expect(stderr).toMatch(/; check the address and the proxies in front of the service\n$/)
      },
    )

    it.each(FOREIGN)(`gets its token once %s at /v1/${call} is gone`, async (_, answer) => {
      const { status, stdout, stderr } = await enroll(call, answer, { times: 2 })
      expect(status, stderr).toBe(0)
      expect(claimsOf(stdout)).toMatchObject({ role: ROLE })
    })

    it.each([
      ['rate_limited', 429],
      ['unavailable', 503],
      ['internal_error', 500],
      ['request_timeout', 408],
    ] as const)(`tries /v1/${call} again after %s`, async (code, status) => {
      const run = await enroll(call, () => problem(status, code), { times: 2 })
      expect(run).toMatchObject({ status: 0, tries: 3 })
      expect(run.stderr).toContain(`${run.url} is not available: no (status ${status}, request r)`)
    })

    it.each([
      ['invalid_request', 400, 'fetch the script again'],
      ['payload_too_large', 413, 'fetch the script again'],
      ['unsupported_media_type', 415, 'fetch the script again'],
      ['not_found', 404, 'fetch the script again'],
      ['method_not_allowed', 405, 'fetch the script again'],
      ['not_admitted', 403, 'audit event of this request'],
      ['invalid_evidence', 401, 'audit event of this request'],
    ] as const)(`ends with 4 at once after %s at /v1/${call}`, async (code, status, remedy) => {
      const run = await enroll(call, () => problem(status, code))
      expect(run).toMatchObject({ status: 4, stdout: '', tries: 1 })
      expect(run.stderr).toContain(`${run.url} refused: no (status ${status}, request r); `)
      expect(run.stderr).toContain(remedy)
    })
  }

  it.each([
    ['no_role_matches', 'rollcall policy check FILE --document -'],
    ['key_required', 'this script binds no key: use rollcall enroll --dpop-key FILE'],
    ['resource_not_allowed', "set ROLLCALL_RESOURCE to one of the role's audiences"],
    ['already_enrolled', 'rollcall admin reset'],
    ['key_changed', 'with the first key'],
    ['image_unchanged', 'redeploy the instance with a new image'],
  ])('says of the refusal %s what to do', async (reason, remedy) => {
    const run = await enroll('enroll', () => problem(403, 'not_admitted', { reason }))
    expect(run).toMatchObject({ status: 4, tries: 1 })
    expect(run.stderr).toContain(`refused: ${reason} (status 403, request r); `)
    expect(run.stderr).toContain(remedy)
  })

  it('does not show a reason that it does not know', async () => {
    const run = await enroll('enroll', () => problem(403, 'not_admitted', { reason: 'new_one' }))
    expect(run.stderr).toContain(`refused: no (status 403, request r); ${FOUND_IN_AUDIT}`)
  })

  it('reads a problem with white space in it, its members in any order', async () => {
    const text = JSON.stringify(
      { code: 'not_admitted', reason: 'key_required', status: 403 },
      null,
      2,
    )
    const run = await enroll('enroll', asProblem(text, 403))
    expect(run).toMatchObject({ status: 4, tries: 1 })
    expect(run.stderr).toContain('refused: key_required (status 403)')
  })
})
