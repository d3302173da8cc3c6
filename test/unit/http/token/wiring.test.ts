// An app of an embedder: with exchanges only if it was given what they need, and under its rate limiter.

import { describe, expect, it } from 'vitest'
import { createApp } from '../../../../src/http/app.ts'
import type { AuditEvent } from '../../../../src/http/audit.ts'
import { FORM, expectRefused, expects, form } from '../../../support/http.ts'
import { createTestEnroller } from '../../../support/test-enroller.ts'

const POST = { method: 'POST', headers: FORM, body: form({ grant_type: 'x' }) }

const documents = ['openid-configuration', 'oauth-authorization-server']

describe('createApp()', () => {
  it('without exchange has no token endpoint, and names none', async () => {
    const { enroller } = await createTestEnroller()
    const app = createApp({ enroller, audit: () => undefined })
    expect((await app.request('/v1/token', POST)).status).toBe(404)
    for (const name of documents) {
      const answer = await app.request(`/.well-known/${name}`)
      expect(await answer.json()).not.toHaveProperty('token_endpoint')
    }
    const described = (await (await app.request('/openapi.json')).json()) as { paths: object }
    expect(described.paths).not.toHaveProperty('/v1/token')
  })

  it('with exchange has and names one', async () => {
    const { enroller, options } = await createTestEnroller()
    const app = createApp({ enroller, exchange: options, audit: () => undefined })
    const answer = await app.request('/v1/token', POST)
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ error: 'unsupported_grant_type' }),
    ])
    for (const name of documents) {
      const document = await (await app.request(`/.well-known/${name}`)).json()
      expect(document).toMatchObject({ token_endpoint: `${enroller.issuer}/v1/token` })
    }
  })

  it('asks the rate limiter about exchanges, and answers 429 as a problem', async () => {
    const { enroller, options } = await createTestEnroller()
    const events: AuditEvent[] = []
    const app = createApp({
      enroller,
      exchange: options,
      audit: (event) => void events.push(event),
      rateLimiter: ({ url }) => Promise.resolve(!url.endsWith('/v1/token')),
    })
    const answer = await app.request('/v1/token', POST)
    expect(answer.headers.get('Retry-After')).toMatch(/^[1-9][0-9]*$/)
    await expectRefused({ events }, answer, expects(429, 'rate_limited', 'rate_limited'))
  })
})
