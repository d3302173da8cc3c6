// What a client must not be able to: write the log, tell allowed accounts from others, or send the
// service to an address. Secrets have a file of their own.

import { beforeAll, describe, expect, it } from 'vitest'
import { type AuditEvent, auditLine } from '../../../src/http/audit.ts'
import {
  FORM,
  enrolled,
  expectRefused,
  expects,
  form,
  problemOf,
  toBase64,
} from '../../support/http.ts'
import { type TestService, createTestService } from '../../support/test-service.ts'
import { documentText, withAudience } from '../../support/test-cloud.ts'

let service: TestService
beforeAll(async () => {
  service = await createTestService()
})

/** What ends a line, moves a cursor or hides text, for any of the readers that a log has. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
const FORGED = '{"event":"enroll","outcome":"issued"}'
const LINE_ENDS = [
  '\n',
  '\r\n',
  '\r',
  '\u0000',
  '\u001b[2K',
  '\u007f',
  '\u0085',
  '\u2028',
  '\u2029',
]

describe('createApp() writes no log line that a client forges', () => {
  /** Exactly one event of this request, one line, with nothing in it of what was sent. */
  const expectCleanLine = (response: Response): void => {
    const id = response.headers.get('X-Request-Id')
    const events = service.events.filter(({ request_id: each }) => each === id)
    expect(events).toHaveLength(1)
    const line = auditLine(events[0] as AuditEvent)
    expect(line).not.toMatch(UNSAFE)
    expect(line).not.toContain('issued')
    expect(JSON.parse(line)).toMatchObject({ request_id: id, outcome: 'refused' })
  }

  it.each(LINE_ENDS)('through a document field, with %j', async (end) => {
    await enrolled(await service.post('/v1/enroll', await service.evidence()))
    // Signed by the cloud as it is, so that nothing but the reader of documents stands before the log.
    const document = documentText().replace('i-bp13', `i-bp13${end}issued`)
    const content = withAudience(document, await service.challenge())
    const fields = { document, pkcs7: toBase64(service.cloud.sign(content)) }
    const response = await service.post('/v1/enroll', fields)
    expectCleanLine(response)
    await expectRefused(service, response, expects(401, 'invalid_evidence', 'document_malformed'))
  })

  it.each(LINE_ENDS)('through the name of a field of the document, with %j', async (end) => {
    const good = await service.evidence({ fields: { 'boot-mode': 'uefi' } })
    await enrolled(await service.post('/v1/enroll', good))
    expect(service.events.at(-1)?.unknown_fields).toEqual(['boot-mode'])
    const response = await service.post(
      '/v1/enroll',
      await service.evidence({ fields: { [`boot-mode${end}issued`]: 'uefi' } }),
    )
    expectCleanLine(response)
    await expectRefused(service, response, expects(401, 'invalid_evidence', 'document_malformed'))
  })

  it.each(LINE_ENDS)('through the name of a field of the request, with %j', async (end) => {
    const name = `role${end}${FORGED}`
    for (const [headers, body] of [
      [FORM, form({ [name]: 'x' })],
      [{ 'Content-Type': 'application/json' }, JSON.stringify({ [name]: 'x' })],
    ] as const) {
      const response = await service.request('/v1/enroll', { method: 'POST', headers, body })
      expectCleanLine(response)
      expect((await problemOf(response)).title).not.toContain('outcome')
    }
  })

  it.each(LINE_ENDS)('through the role, the audience and the resource, with %j', async (end) => {
    for (const name of ['role', 'audience', 'resource']) {
      const fields = { ...(await service.evidence()), [name]: `worker${end}${FORGED}` }
      expectCleanLine(await service.post('/v1/enroll', fields))
    }
  })

  it.each(['\u0085', 'a\tb', 'a b', FORGED])('through the request id %j', async (id) => {
    const response = await service.post('/v1/enroll', {}, { 'X-Request-Id': id })
    expect(response.headers.get('X-Request-Id')).not.toBe(id)
    expectCleanLine(response)
  })
})

describe('auditLine()', () => {
  it.each(LINE_ENDS)('is one line whatever an event holds, with %j', (end) => {
    const event = { rule: `a${end}b` } as AuditEvent
    const line = auditLine(event)
    expect(line).not.toMatch(UNSAFE)
    expect(JSON.parse(line)).toEqual(event)
  })
})

describe('createApp() answers alike', () => {
  const answerOf = async (response: Response): Promise<unknown> => {
    const { request_id: _, ...problem } = await problemOf(response)
    const headers = [...response.headers].filter(([name]) => name !== 'x-request-id')
    return { problem, headers }
  }
  const STRANGER = { fields: { 'owner-account-id': '1000000000000001' } }

  it.each([
    [
      'for every role that an account asks for which no role names',
      undefined,
      [
        ['account_not_allowed', STRANGER, {}],
        ['account_not_allowed', { ...STRANGER, role: 'worker' }, { role: 'worker' }],
        ['account_not_allowed', { ...STRANGER, role: 'ghost' }, { role: 'ghost' }],
      ],
    ],
    [
      'for a role that does not match and for one that does not exist',
      'no_role_matches',
      [
        ['role_not_matched', { role: 'builder' }, { role: 'builder' }],
        ['role_unknown', { role: 'ghost' }, { role: 'ghost' }],
      ],
    ],
  ] as const)('%s', async (_what, told, cases) => {
    const answers: unknown[] = []
    for (const [reason, options, more] of cases) {
      const fields = { ...(await service.evidence(options)), ...more }
      answers.push(await answerOf(await service.post('/v1/enroll', fields)))
      expect(service.events.at(-1)?.reason).toBe(reason)
    }
    const problem = { status: 403, code: 'not_admitted', ...(told && { reason: told }) }
    expect(answers[0]).toMatchObject({ problem })
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(JSON.stringify(answers[0]).includes('"reason"')).toBe(told !== undefined)
  })

  it('for every fault of evidence', async () => {
    const { document, pkcs7 } = await service.evidence()
    const faults = [
      { document: document.replace('i-bp13', 'i-bp14'), pkcs7 },
      { document, pkcs7: pkcs7.slice(4) },
      { document, pkcs7, audience: await service.challenge() },
      { document, pkcs7, role: 'worker' },
      { document, pkcs7: '!' },
    ]
    const answers: unknown[] = []
    for (const fields of faults)
      answers.push(await answerOf(await service.post('/v1/enroll', fields)))
    const reasons = service.events.slice(-faults.length).map(({ reason }) => reason)
    expect(new Set(reasons).size).toBe(faults.length)
    expect(answers[0]).toMatchObject({ problem: { status: 401, code: 'invalid_evidence' } })
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  it('for challenges of roles that exist and that don’t', async () => {
    const shapeOf = async (role: string): Promise<unknown> => {
      const response = await service.post('/v1/challenge', { role })
      const answer = (await response.json()) as { audience: string }
      const headers = [...response.headers].filter(([name]) => name !== 'x-request-id')
      const audience = answer.audience.replaceAll(/[\w-]/g, 'x')
      return { status: response.status, headers, answer: { ...answer, audience } }
    }
    expect(await shapeOf('worker')).toMatchObject({ status: 200 })
    expect(await shapeOf('ghost')).toEqual(await shapeOf('worker'))
  })
})

describe('createApp() makes no network fetch', () => {
  it('for evidence that holds addresses', async () => {
    const evidence = await service.evidence({
      fields: { 'key-url': 'http://127.0.0.1:9/keys', jku: 'http://127.0.0.1:9/jwks' },
      certificate: true,
    })
    const original = globalThis.fetch
    let fetches = 0
    globalThis.fetch = () => {
      fetches++
      throw new Error('a fetch')
    }
    try {
      await enrolled(await service.post('/v1/enroll', evidence))
      const resource = { resource: 'http://127.0.0.1:9/' }
      expect((await service.post('/v1/enroll', { ...evidence, ...resource })).status).toBe(403)
    } finally {
      globalThis.fetch = original
    }
    expect(fetches).toBe(0)
  })
})
