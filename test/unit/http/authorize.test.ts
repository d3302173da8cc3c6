// `/v1/authorize`: what a proxy learns of a request that may go on, by any method, and what the audit log keeps of it.

import { beforeAll, describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { type Authorizing, QUERY, createAuthorizing } from '../../support/authorizing.ts'
import { claimsOf, expectRefused, expects, problemOf } from '../../support/http.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'

let gate: Authorizing
beforeAll(async () => {
  gate = await createAuthorizing()
})
const bearer = (): Record<string, string> => ({ Authorization: `Bearer ${gate.bearerToken}` })

/** The identity headers of an answer; one that is missing is `null`. */
const identityOf = ({ headers }: Response): Record<string, string | null> =>
  Object.fromEntries(
    ['Subject', 'Instance', 'Account', 'Region', 'Role', 'Groups', 'Key', 'Expires'].map((name) => [
      name,
      headers.get(`X-Rollcall-${name}`),
    ]),
  )

const IDENTITY = {
  Subject: `acs:ecs:${DOCUMENT_FIELDS['region-id']}:${DOCUMENT_FIELDS['owner-account-id']}:instance/${DOCUMENT_FIELDS['instance-id']}`,
  Instance: DOCUMENT_FIELDS['instance-id'],
  Account: DOCUMENT_FIELDS['owner-account-id'],
  Region: DOCUMENT_FIELDS['region-id'],
  Role: 'worker',
}

describe('/v1/authorize', () => {
  it('admits an unbound token with an empty answer and all eight headers', async () => {
    const answer = await gate.ask(bearer())
    expect([answer.status, await answer.text()]).toEqual([200, ''])
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    expect(answer.headers.get('Content-Type')).toBeNull()
    const { exp } = claimsOf(gate.bearerToken)
    expect(identityOf(answer)).toEqual({ ...IDENTITY, Groups: '', Key: '', Expires: String(exp) })
  })

  it('admits a bound token with its proof, and names the key', async () => {
    const answer = await gate.ask(gate.boundHeaders())
    expect(answer.status).toBe(200)
    expect(identityOf(answer)).toMatchObject({ ...IDENTITY, Key: gate.key.thumbprint })
  })

  it('lists the groups with commas', async () => {
    const { POLICY } = await import('../../support/test-service.ts')
    const { worker } = POLICY.roles
    const roles = { worker: { ...worker, token: { ...worker.token, groups: ['a', 'b:c/*'] } } }
    const grouped = await createAuthorizing({
      variables: { ROLLCALL_POLICY: JSON.stringify({ roles }) },
    })
    const answer = await grouped.ask({ Authorization: `Bearer ${grouped.bearerToken}` })
    expect(identityOf(answer)).toMatchObject({ Groups: 'a,b:c/*' })
  })

  it.each([
    ['application/json', true],
    ['text/html, Application/JSON;q=0.5', true],
    ['application/json;q=0', false],
    ['*/*', false],
    ['application/*', false],
    ['text/html', false],
  ])('given Accept: %s, answers the claims: %s', async (accept, withClaims) => {
    const answer = await gate.ask({ ...bearer(), Accept: accept })
    expect(identityOf(answer)).toMatchObject(IDENTITY)
    const text = await answer.text()
    expect(text === '' ? undefined : JSON.parse(text)).toEqual(
      withClaims ? claimsOf(gate.bearerToken) : undefined,
    )
    expect(answer.headers.get('Content-Type')).toBe(withClaims ? 'application/json' : null)
  })

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    'answers %s alike',
    async (method) => {
      const answer = await gate.ask(bearer(), QUERY, method)
      expect([answer.status, await answer.text()]).toEqual([200, ''])
      expect(identityOf(answer)).toMatchObject(IDENTITY)
      const headers = gate.boundHeaders()
      expect((await gate.ask(headers, QUERY, method)).status).toBe(200)
      expect((await gate.ask(headers, QUERY, method)).status).toBe(401)
      expect((await gate.ask({}, QUERY, method)).status).toBe(401)
    },
  )

  it('does not read the body', async () => {
    let pulled = 0
    const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 })
    const init = { method: 'POST', headers: bearer(), body, duplex: 'half' }
    const answer = await gate.service.request(`/v1/authorize?${QUERY}`, init as RequestInit)
    expect([answer.status, pulled]).toEqual([200, 0])
  })

  it('meets demands with several values', async () => {
    const account = `1,${DOCUMENT_FIELDS['owner-account-id']}`
    const query = `${QUERY}&role=builder,worker&account=${account}&region=x,${DOCUMENT_FIELDS['region-id']}`
    expect((await gate.ask(bearer(), query)).status).toBe(200)
    expect((await gate.ask(bearer(), query.replaceAll(',', '%2C'))).status).toBe(200)
  })

  it('admits no token after a revocation, at once', async () => {
    const own = await createAuthorizing({ operators: true })
    const asked = { Authorization: `Bearer ${own.bearerToken}` }
    expect((await own.ask(asked)).status).toBe(200)
    await own.service.operate('POST', '/v1/revoke', { token: own.bearerToken })
    const refused = expects(401, 'invalid_token', 'token_revoked')
    await expectRefused(own.service, await own.ask(asked), refused)
    await expectRefused(own.service, await own.ask(own.boundHeaders()), refused)
  })

  it('is missing in an app without it', async () => {
    const { createApp } = await import('../../../src/http/app.ts')
    const { createTestEnroller } = await import('../../support/test-enroller.ts')
    const { enroller } = await createTestEnroller()
    const app = createApp({ enroller, audit: () => undefined })
    expect((await app.request(`/v1/authorize?${QUERY}`)).status).toBe(404)
  })
})

describe('/v1/authorize and the audit log', () => {
  const instance = {
    role: 'worker',
    instance_id: DOCUMENT_FIELDS['instance-id'],
    owner_account_id: DOCUMENT_FIELDS['owner-account-id'],
    region_id: DOCUMENT_FIELDS['region-id'],
    image_id: DOCUMENT_FIELDS['image-id'],
  }

  it('has an event for refusals alone by default', async () => {
    gate.service.events.length = 0
    await gate.ask(bearer())
    expect(gate.service.events).toEqual([])
    const { 'X-Rollcall-Proxy': _, ...headers } = gate.boundHeaders()
    const { jti } = claimsOf(gate.boundToken)
    await expectRefused(
      gate.service,
      await gate.ask(headers),
      expects(403, 'proxy_not_trusted', 'proxy_not_trusted'),
    )
    expect(gate.service.events).toEqual([
      expect.objectContaining({
        event: 'authorize',
        outcome: 'refused',
        ...instance,
        jti,
        enrollment_jti: jti,
      }),
    ])
  })

  it('has an event for all with ROLLCALL_AUDIT_AUTHORIZE=true, and none is admitted without it', async () => {
    let broken = false
    const events: unknown[] = []
    const audited = await createAuthorizing({
      variables: { ROLLCALL_AUDIT_AUTHORIZE: 'true' },
      audit: (event) => {
        if (broken) throw new Error('disk full')
        events.push(event)
      },
    })
    events.length = 0
    const { key } = audited
    expect((await audited.ask(audited.boundHeaders())).status).toBe(200)
    expect(events).toEqual([
      expect.objectContaining({
        event: 'authorize',
        outcome: 'done',
        proxy: 'app',
        jkt: key.thumbprint,
        ...instance,
      }),
    ])
    broken = true
    const answer = await audited.ask(audited.boundHeaders())
    expect(answer.headers.get('X-Rollcall-Instance')).toBeNull()
    expect(await problemOf(answer)).toMatchObject({ status: 503, code: 'unavailable' })
  })

  it('answers 503 while the ledger is unreachable, for tokens of both kinds', async () => {
    const memory = createMemoryLedger(0)
    const state = { down: false }
    const down = await createAuthorizing({
      ledger: {
        ...memory,
        read: async (entry, now) => {
          if (state.down) throw new LedgerUnavailableError('gone')
          return memory.read(entry, now)
        },
      },
    })
    state.down = true
    for (const headers of [{ Authorization: `Bearer ${down.bearerToken}` }, down.boundHeaders()]) {
      const answer = await down.ask(headers)
      expect(answer.headers.get('Retry-After')).toMatch(/^[1-9][0-9]*$/)
      expect(answer.headers.get('X-Rollcall-Instance')).toBeNull()
      await expectRefused(down.service, answer, expects(503, 'unavailable', 'ledger_unavailable'))
    }
    state.down = false
    expect((await down.ask(down.boundHeaders())).status).toBe(200)
  })
})
