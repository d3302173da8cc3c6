// `POST /v1/kubernetes/tokenreview`: what an API server learns of a token, who may ask, and what the audit log keeps.

import { beforeAll, describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../../src/base/errors.ts'
import { auditLine } from '../../../../src/http/audit.ts'
import { createMemoryLedger } from '../../../../src/ledger/memory.ts'
import { expectDocumented } from '../../../support/audit-reasons.ts'
import {
  type Fields,
  claimsOf,
  enrolled,
  expectRefused,
  expects,
  problemOf,
} from '../../../support/http.ts'
import {
  KUBERNETES,
  NODE_USER,
  type Reviewing,
  TOKEN_REVIEW,
  WEBHOOK_HEADERS,
  WEBHOOK_TOKEN,
  createReviewing,
  reviewBody,
  sha256Hex,
} from '../../../support/reviewing.ts'
import { DOCUMENT_FIELDS } from '../../../support/test-cloud.ts'
import { TOKEN_AUDIENCE } from '../../../support/test-service.ts'

let gate: Reviewing
beforeAll(async () => {
  gate = await createReviewing()
})

const ANSWER = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: {} }
const ADMITTED = {
  ...ANSWER,
  status: { authenticated: true, user: NODE_USER, audiences: [TOKEN_AUDIENCE] },
}
const NOT_AUTHENTICATED = { ...ANSWER, status: { authenticated: false } }

/** Looks that a token authenticates nobody, and that one audit event says why. */
const expectNot = async (
  { service, ask }: Reviewing,
  body: string,
  code: string,
  reason: string,
): Promise<void> => {
  const answer = await ask(body)
  expect([answer.status, await answer.json()]).toEqual([200, NOT_AUTHENTICATED])
  const id = answer.headers.get('X-Request-Id')
  const events = service.events.filter(({ request_id: of }) => of === id)
  expect(events).toMatchObject([{ event: 'tokenreview', outcome: 'refused', code, reason }])
  expectDocumented({ ...events[0] })
}

describe('POST /v1/kubernetes/tokenreview', () => {
  it('answers the API server of Kubernetes, byte for byte as that asks, with the user of a node', async () => {
    const answer = await gate.ask(reviewBody(gate.token))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('application/json')
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    const text = await answer.text()
    expect(JSON.parse(text)).toEqual(ADMITTED)
    expect(text).not.toContain(gate.token)
  })

  it.each([
    ['no audiences', undefined],
    ['an empty list', []],
    ['more audiences than ours', ['https://kubernetes.default.svc', TOKEN_AUDIENCE]],
  ])('takes a review with %s, and answers with ours alone', async (_, audiences) => {
    expect(await (await gate.ask(reviewBody(gate.token, audiences))).json()).toEqual(ADMITTED)
  })

  it('takes null for a list that is absent, members that it does not know, and a charset', async () => {
    const review = JSON.parse(reviewBody(gate.token)) as { spec: object }
    const body = JSON.stringify({
      ...review,
      metadata: { name: 'x', managedFields: [{ manager: 'x' }] },
      spec: { ...review.spec, audiences: null, more: [1, { deep: null }] },
      status: { authenticated: true, user: { username: 'admin' } },
      more: true,
    })
    const headers = { ...WEBHOOK_HEADERS, 'Content-Type': 'Application/JSON; charset=UTF-8' }
    expect(await (await gate.ask(body, headers)).json()).toEqual(ADMITTED)
  })

  it('takes each of the tokens of the webhook, so that one can be replaced', async () => {
    const hashes = ['old', 'new'].map(sha256Hex)
    const two = await createReviewing({
      variables: {
        ROLLCALL_KUBERNETES: JSON.stringify({ ...KUBERNETES, webhook_token_sha256: hashes }),
      },
    })
    const statuses = await Promise.all(
      ['old', 'new', 'other'].map(async (secret) => {
        const headers = { ...WEBHOOK_HEADERS, Authorization: `bearer ${secret}` }
        return (await two.ask(reviewBody(two.token), headers)).status
      }),
    )
    expect(statuses).toEqual([200, 200, 401])
  })

  it('is missing without the variable, and in an app without it', async () => {
    const { createTestService } = await import('../../../support/test-service.ts')
    const { request } = await createTestService()
    const init = { method: 'POST', headers: WEBHOOK_HEADERS, body: reviewBody(gate.token) }
    expect((await request(TOKEN_REVIEW, init)).status).toBe(404)
  })

  it('takes no other method', async () => {
    const answer = await gate.service.request(TOKEN_REVIEW, { headers: WEBHOOK_HEADERS })
    expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'POST'])
  })
})

describe('POST /v1/kubernetes/tokenreview authenticates nobody with', () => {
  it.each<readonly [what: string, code: string, reason: string, claims: object]>([
    ['a bound token', 'invalid_token', 'token_bound', { cnf: { jkt: 'k'.repeat(43) } }],
    ['a long life', 'invalid_token', 'token_lives_too_long', { exp: 4_000_000_000 }],
    ['another role', 'not_admitted', 'role_not_of_cluster', { role: 'builder' }],
    ['another audience', 'not_admitted', 'audience_not_of_cluster', { aud: ['x'] }],
    ['another acr', 'invalid_token', 'acr_mismatch', { acr: 'x' }],
  ])('%s', async (_, code, reason, claims) => {
    await expectNot(gate, reviewBody(gate.resigned({ ...claims })), code, reason)
  })

  it('an instance of another account', async () => {
    const account = '4711'
    const ecs = { ...(claimsOf(gate.token)['ecs'] as object), owner_account_id: account }
    const sub = String(claimsOf(gate.token)['sub']).replace(
      /:[0-9]+:instance/,
      `:${account}:instance`,
    )
    const body = reviewBody(gate.resigned({ ecs, sub }))
    await expectNot(gate, body, 'not_admitted', 'account_not_of_cluster')
  })

  it('a token of no audience that the API server answers to', async () => {
    const body = reviewBody(gate.token, ['https://kubernetes.default.svc'])
    await expectNot(gate, body, 'not_admitted', 'audience_not_of_review')
  })

  it('a token that the service issued for a second relying party too', async () => {
    const { service } = gate
    const { access_token: token } = await enrolled(
      await service.post('/v1/enroll', await service.evidence()),
    )
    expect(claimsOf(String(token))['aud']).toEqual([TOKEN_AUDIENCE, 'https://other.example'])
    await expectNot(gate, reviewBody(String(token)), 'not_admitted', 'several_audiences')
  })

  it('an instance for which the template gives no name', async () => {
    const text = JSON.stringify({ ...KUBERNETES, node_name: '{image_id}.{instance_id}' })
    const named = await createReviewing({ variables: { ROLLCALL_KUBERNETES: text } })
    const ecs = { ...(claimsOf(named.token)['ecs'] as object), image_id: 'm'.repeat(64) }
    const body = reviewBody(named.resigned({ ecs }))
    await expectNot(named, body, 'not_admitted', 'node_name_invalid')
  })

  const instance = `${DOCUMENT_FIELDS['owner-account-id']}/${DOCUMENT_FIELDS['region-id']}/${DOCUMENT_FIELDS['instance-id']}`
  it.each<
    readonly [
      reason: string,
      what: string,
      method: string,
      path: string,
      fields: Fields | undefined,
    ]
  >([
    ['banned', 'a ban', 'PUT', `bans/instance/${DOCUMENT_FIELDS['instance-id']}`, { reason: 'r' }],
    ['token_before_reset', 'a reset', 'POST', `instances/${instance}/reset`, undefined],
    ['token_revoked', 'a revocation', 'POST', `instances/${instance}/revoke`, undefined],
  ])('an instance, as %s, at once after %s', async (reason, _, method, path, fields) => {
    const own = await createReviewing({ operators: true })
    const body = reviewBody(own.token)
    expect(await (await own.ask(body)).json()).toEqual(ADMITTED)
    expect((await own.service.operate(method, `/v1/admin/${path}`, fields)).status).toBe(200)
    await expectNot(own, body, 'invalid_token', reason)
  })
})

describe('POST /v1/kubernetes/tokenreview refuses', () => {
  const { Authorization: _, ...anonymous } = WEBHOOK_HEADERS
  it.each<readonly [reason: string, what: string, authorization: string | undefined]>([
    ['webhook_token_missing', 'a caller without a token', undefined],
    ['webhook_token_missing', 'another scheme', `Basic ${WEBHOOK_TOKEN}`],
    ['webhook_token_missing', 'two tokens', `Bearer ${WEBHOOK_TOKEN}, Bearer ${WEBHOOK_TOKEN}`],
    ['webhook_token_missing', 'two spaces', `Bearer  ${WEBHOOK_TOKEN}`],
    ['webhook_token_unknown', 'an unknown token', 'Bearer x'],
    ['webhook_token_unknown', 'the hash of the token', `Bearer ${sha256Hex(WEBHOOK_TOKEN)}`],
    ['webhook_token_unknown', 'a beginning of the token', `Bearer ${WEBHOOK_TOKEN.slice(0, -1)}`],
  ])('as %s: %s', async (reason, __, authorization) => {
    const headers = { ...anonymous, ...(authorization && { Authorization: authorization }) }
    const answer = await gate.ask(reviewBody(gate.token), headers)
    expect(answer.headers.get('WWW-Authenticate')).toMatch(
      /^Bearer realm="https:\/\/rollcall.test"/,
    )
    await expectRefused(gate.service, answer, expects(401, 'invalid_token', reason))
  })

  it('a stranger without reading the body', async () => {
    let pulled = 0
    const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 })
    const init = { method: 'POST', headers: anonymous, body, duplex: 'half' }
    const answer = await gate.service.request(TOKEN_REVIEW, init as RequestInit)
    expect([answer.status, pulled]).toEqual([401, 0])
  })

  const changed = (change: (review: Record<string, unknown>) => object): string =>
    JSON.stringify(change(JSON.parse(reviewBody('x')) as Record<string, unknown>))
  it.each<readonly [what: string, reason: string, field: string | undefined, body: () => string]>([
    ['text', 'body_malformed', undefined, () => 'x'],
    ['a list', 'body_malformed', undefined, () => '[]'],
    ['an empty body', 'body_malformed', undefined, () => ''],
    [
      'a token twice',
      'field_repeated',
      undefined,
      () => reviewBody('x').replace('"token":', '"token":"y","token":'),
    ],
    [
      'a key twice where nobody looks',
      'field_repeated',
      undefined,
      () => reviewBody('x').replace('"metadata":{', '"metadata":{"a":1,"a":1,'),
    ],
    ['another kind', 'field_malformed', 'kind', () => changed((it) => ({ ...it, kind: 'Pod' }))],
    ['no kind', 'field_malformed', 'kind', () => '{}'],
    [
      'another group',
      'field_malformed',
      'apiVersion',
      () => changed((it) => ({ ...it, apiVersion: 'v1' })),
    ],
    ['no spec', 'field_malformed', 'spec', () => changed(({ spec: __, ...it }) => it)],
    ['a list as spec', 'field_malformed', 'spec', () => changed((it) => ({ ...it, spec: [] }))],
    ['no token', 'field_malformed', 'spec.token', () => changed((it) => ({ ...it, spec: {} }))],
    ['an empty token', 'field_malformed', 'spec.token', () => reviewBody('')],
    [
      'a number as token',
      'field_malformed',
      'spec.token',
      () => changed((it) => ({ ...it, spec: { token: 1 } })),
    ],
    [
      'a text as audiences',
      'field_malformed',
      'spec.audiences',
      () => changed((it) => ({ ...it, spec: { token: 'x', audiences: TOKEN_AUDIENCE } })),
    ],
    [
      'a number in audiences',
      'field_malformed',
      'spec.audiences',
      () => changed((it) => ({ ...it, spec: { token: 'x', audiences: [1] } })),
    ],
  ])('%s with 400', async (_what, reason, field, body) => {
    const refused = { ...expects(400, 'invalid_request', reason), ...(field && { field }) }
    await expectRefused(gate.service, await gate.ask(body()), refused)
  })

  it('the version before v1, and says what to set', async () => {
    const body = reviewBody(gate.token).replace('k8s.io/v1"', 'k8s.io/v1beta1"')
    const { title } = await expectRefused(
      gate.service,
      await gate.ask(body),
      expects(400, 'invalid_request', 'field_malformed', 'apiVersion'),
    )
    expect(title).toContain('--authentication-token-webhook-version=v1')
  })

  it.each<readonly [status: number, code: string, reason: string, headers: Fields]>([
    [415, 'unsupported_media_type', 'content_type', { 'Content-Type': 'text/plain' }],
    [415, 'unsupported_media_type', 'content_type', { 'Content-Type': 'application/yaml' }],
    [
      415,
      'unsupported_media_type',
      'content_type',
      { 'Content-Type': 'application/vnd.kubernetes.protobuf' },
    ],
    [
      415,
      'unsupported_media_type',
      'content_type',
      { 'Content-Type': 'application/json; charset=latin1' },
    ],
    [415, 'unsupported_media_type', 'content_encoding', { 'Content-Encoding': 'gzip' }],
    [400, 'invalid_request', 'invocation_async', { 'X-Fc-Invocation-Type': 'Async' }],
  ])('with %i, %s, as %s: %j', async (status, code, reason, headers) => {
    const answer = await gate.ask(reviewBody('x'), { ...WEBHOOK_HEADERS, ...headers })
    await expectRefused(gate.service, answer, expects(status, code, reason))
  })

  it('a body of more than 16,384 bytes with 413', async () => {
    const answer = await gate.ask(reviewBody('x'.repeat(16_384)))
    await expectRefused(gate.service, answer, expects(413, 'payload_too_large', 'body_too_large'))
  })

  it('a review whose token fills the body, as any other token', async () => {
    const room = 16_384 - reviewBody('').length
    const body = reviewBody('x'.repeat(room))
    expect(body.length).toBe(16_384)
    await expectNot(gate, body, 'invalid_token', 'malformed')
  })
})

describe('POST /v1/kubernetes/tokenreview and the audit log', () => {
  const instance = {
    role: 'worker',
    instance_id: DOCUMENT_FIELDS['instance-id'],
    owner_account_id: DOCUMENT_FIELDS['owner-account-id'],
    region_id: DOCUMENT_FIELDS['region-id'],
    image_id: DOCUMENT_FIELDS['image-id'],
  }

  it('has an event for refusals alone by default, with the node but without its token', async () => {
    const { service, token, ask } = gate
    service.events.length = 0
    await ask(reviewBody(token))
    expect(service.events).toEqual([])
    const bound = gate.resigned({ cnf: { jkt: 'k'.repeat(43) } })
    await ask(reviewBody(bound))
    const { jti } = claimsOf(token)
    expect(service.events).toEqual([
      expect.objectContaining({ event: 'tokenreview', ...instance, jti, enrollment_jti: jti }),
    ])
    const lines = service.events.map(auditLine).join()
    for (const secret of [bound, bound.split('.')[2] ?? '', WEBHOOK_TOKEN]) {
      expect(lines).not.toContain(secret)
    }
  })

  it('has an event for all with ROLLCALL_AUDIT_AUTHORIZE=true, and authenticates nobody without it', async () => {
    let broken = false
    const events: unknown[] = []
    const audited = await createReviewing({
      variables: { ROLLCALL_AUDIT_AUTHORIZE: 'true' },
      audit: (event) => {
        if (broken) throw new Error('disk full')
        events.push(event)
      },
    })
    events.length = 0
    expect((await audited.ask(reviewBody(audited.token))).status).toBe(200)
    expect(events).toEqual([
      expect.objectContaining({ event: 'tokenreview', outcome: 'done', ...instance }),
    ])
    broken = true
    const answer = await audited.ask(reviewBody(audited.token))
    expect(await problemOf(answer)).toMatchObject({ status: 503, code: 'unavailable' })
  })

  it('answers 503 while the ledger is unreachable, which the API server tries again', async () => {
    const memory = createMemoryLedger(0)
    const state = { down: false }
    const down = await createReviewing({
      ledger: {
        ...memory,
        read: async (entry, now) => {
          if (state.down) throw new LedgerUnavailableError('gone')
          return memory.read(entry, now)
        },
      },
    })
    state.down = true
    const answer = await down.ask(reviewBody(down.token))
    expect(answer.headers.get('Retry-After')).toMatch(/^[1-9][0-9]*$/)
    await expectRefused(down.service, answer, expects(503, 'unavailable', 'ledger_unavailable'))
    state.down = false
    expect(await (await down.ask(reviewBody(down.token))).json()).toEqual(ADMITTED)
  })
})
