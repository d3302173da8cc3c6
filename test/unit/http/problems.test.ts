// Refusals that are not about the evidence: what this version doesn't do, too many requests, a store
// that is down, and the service's own faults.

import { beforeAll, describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { createApp } from '../../../src/http/app.ts'
import type { AuditEvent } from '../../../src/http/audit.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { createTestEnroller } from '../../support/test-enroller.ts'
import {
  FORM,
  type Fields,
  INVALID,
  enrolled,
  expectRefused,
  expects,
  form,
  problemOf,
} from '../../support/http.ts'
import { type TestService, createTestService } from '../../support/test-service.ts'

const THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'

let service: TestService
beforeAll(async () => {
  service = await createTestService()
})

/** A header that is refused beside evidence that is accepted without it. */
const refusesHeader = async (headers: Fields, reason: string, words: RegExp): Promise<void> => {
  const evidence = await service.evidence()
  const response = await service.post('/v1/enroll', evidence, headers)
  const { title } = await expectRefused(service, response, INVALID(reason))
  expect(title).toMatch(words)
  await enrolled(await service.post('/v1/enroll', evidence))
}

describe('createApp() refuses in so many words', () => {
  it.each([
    THUMBPRINT.slice(1),
    `${THUMBPRINT}x`,
    `${THUMBPRINT.slice(1)}=`,
    // The same 32 bytes, with the two bits that are left over not zero.
    `${THUMBPRINT.slice(0, -1)}t`,
  ])('dpop_jkt that is no thumbprint: %s', async (jkt) => {
    const response = await service.post('/v1/challenge', { dpop_jkt: jkt })
    await expectRefused(service, response, INVALID('field_malformed', 'dpop_jkt'))
  })

  it.each(['Async', 'async', 'ASYNC'])('an asynchronous invocation: %s', (type) =>
    refusesHeader({ 'X-Fc-Invocation-Type': type }, 'invocation_async', /Asynchronous/),
  )

  it('an asynchronous challenge', async () => {
    const headers = { 'x-fc-invocation-type': 'Async' }
    const response = await service.post('/v1/challenge', {}, headers)
    await expectRefused(service, response, INVALID('invocation_async'))
  })

  it('but no synchronous invocation', async () => {
    const headers = { 'x-fc-invocation-type': 'Sync' }
    await enrolled(await service.post('/v1/enroll', await service.evidence(), headers))
  })
})

describe('createApp() with a rate limiter', () => {
  it('answers 429 with Retry-After to each POST that it refuses, and to nothing else', async () => {
    let allowed = true
    const seen: string[] = []
    const { enroller, evidence: evidenceFor } = await createTestEnroller()
    const events: AuditEvent[] = []
    const limited = createApp({
      enroller,
      audit: (event) => void events.push(event),
      rateLimiter: async ({ url }) => {
        seen.push(new URL(url).pathname)
        return allowed
      },
    })
    const post = async (path: string, fields: Fields): Promise<Response> =>
      limited.request(path, { method: 'POST', headers: FORM, body: form(fields) })
    const challenge = (await (await post('/v1/challenge', {})).json()) as { audience: string }
    const evidence = evidenceFor(challenge.audience)
    allowed = false
    for (const path of ['/v1/challenge', '/v1/enroll']) {
      const response = await post(path, path === '/v1/enroll' ? evidence : {})
      expect(response.headers.get('Retry-After')).toMatch(/^[1-9][0-9]*$/)
      await expectRefused({ events }, response, expects(429, 'rate_limited', 'rate_limited'))
    }
    expect((await limited.request('/healthz')).status).toBe(200)
    allowed = true
    await enrolled(await post('/v1/enroll', evidence))
    expect(seen).toEqual(['/v1/challenge', '/v1/challenge', '/v1/enroll', '/v1/enroll'])
  })

  it('that fails itself answers 500, and lets nobody in', async () => {
    const { enroller } = await createTestEnroller()
    const rateLimiter = (): Promise<boolean> => Promise.reject(new Error('x'))
    const broken = createApp({ enroller, rateLimiter, audit: () => undefined })
    const init = { method: 'POST', headers: FORM, body: '' }
    const response = await broken.request('/v1/challenge', init)
    expect(await problemOf(response)).toMatchObject({ status: 500, code: 'internal_error' })
  })
})

describe('createApp() with a ledger', () => {
  const SECRET = 'redis://user:password@10.0.0.1'

  /** A ledger that fails as long as `fault` says so. */
  const failing = () => {
    const memory = createMemoryLedger(0)
    const state: { fault?: Error | undefined } = {}
    const ledger: Ledger = {
      ...memory,
      async compareAndSet(entry, expected, now) {
        if (state.fault !== undefined) throw state.fault
        return memory.compareAndSet(entry, expected, now)
      },
    }
    return { ledger, state }
  }

  it('that is down answers 503 with Retry-After and no token, and goes on once it is back', async () => {
    const { ledger, state } = failing()
    const down = await createTestService({ ledger })
    const evidence = await down.evidence()
    state.fault = new LedgerUnavailableError(`cannot connect to ${SECRET}`)
    const response = await down.post('/v1/enroll', evidence, { Accept: 'application/jwt' })
    expect(response.headers.get('Retry-After')).toMatch(/^[1-9][0-9]*$/)
    const text = await response.clone().text()
    expect(text).not.toMatch(/eyJ|redis|password/)
    await expectRefused(down, response, expects(503, 'unavailable', 'ledger_unavailable'))
    expect(down.events.at(-1)).toMatchObject({ outcome: 'error' })
    expect(JSON.stringify(down.events)).not.toContain('password')
    state.fault = undefined
    await enrolled(await down.post('/v1/enroll', evidence))
  })

  it('that fails in a way nobody thought of answers 500 without the text of the fault', async () => {
    const { ledger, state } = failing()
    const odd = await createTestService({ ledger })
    const evidence = await odd.evidence()
    state.fault = new TypeError(`undefined is not ${SECRET}`)
    const response = await odd.post('/v1/enroll', evidence)
    expect(await response.clone().text()).not.toMatch(/undefined|redis|password|TypeError/)
    await expectRefused(odd, response, expects(500, 'internal_error', 'unexpected_error'))
    const events = odd.events.filter(({ event }) => event === 'enroll')
    expect(events[0]).toMatchObject({ outcome: 'error', error: 'TypeError' })
    expect(JSON.stringify(events)).not.toContain('password')
  })
})

describe('createApp() with an audit log that fails', () => {
  it('gives no token if the audit event cannot be written', async () => {
    let broken = false
    const unlogged = await createTestService({
      audit: () => {
        if (broken) throw new Error('disk full')
      },
    })
    const evidence = await unlogged.evidence()
    broken = true
    const response = await unlogged.post('/v1/enroll', evidence)
    expect(await response.clone().text()).not.toMatch(/eyJ|disk/)
    expect(await problemOf(response)).toMatchObject({ status: 503, code: 'unavailable' })
    broken = false
    await enrolled(await unlogged.post('/v1/enroll', evidence))
  })
})
