// One audit event for each challenge and each enrollment, whatever its outcome, with the members that
// the contract names.

import { beforeAll, describe, expect, it } from 'vitest'
import { type AuditEvent, auditLine } from '../../../src/http/audit.ts'
import { claimsOf, enrolled } from '../../support/http.ts'
import { createTestService } from '../../support/test-service.ts'
import { type Fields } from '../../support/http.ts'
import { type TestService } from '../../support/test-service.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'

const MEMBERS = [
  'version',
  'time',
  'event',
  'request_id',
  'outcome',
  'code',
  'reason',
  'role',
  'rule',
  'field',
  'instance_id',
  'owner_account_id',
  'region_id',
  'image_id',
  'jti',
  'retry',
  'unknown_fields',
  'trust_anchor',
  'duration_ms',
]
const INSTANCE = {
  instance_id: DOCUMENT_FIELDS['instance-id'],
  owner_account_id: DOCUMENT_FIELDS['owner-account-id'],
  region_id: DOCUMENT_FIELDS['region-id'],
  image_id: DOCUMENT_FIELDS['image-id'],
  trust_anchor: expect.stringMatching(/^[0-9a-f]{64}$/),
}

let service: TestService
beforeAll(async () => {
  service = await createTestService()
})

/** The events that a request leaves, as they are read from the log; there must be one. */
const eventOf = async (path: string, fields: Fields, headers: Fields = {}): Promise<unknown> => {
  service.events.length = 0
  const id = 'r-1'
  await service.post(path, fields, { 'X-Request-Id': id, ...headers })
  expect(service.events).toHaveLength(1)
  return JSON.parse(auditLine(service.events[0] as AuditEvent))
}

/** What every event has. */
const common = (event: string, outcome: string): Record<string, unknown> => ({
  version: 1,
  time: new Date(service.now * 1000).toISOString(),
  event,
  request_id: 'r-1',
  outcome,
  duration_ms: expect.any(Number),
})

describe('createApp() leaves exactly one audit event', () => {
  it('of a challenge', async () => {
    const event = await eventOf('/v1/challenge', {})
    expect(event).toEqual(common('challenge', 'issued'))
    expect(await eventOf('/v1/challenge', { role: 'worker' })).toEqual({
      ...common('challenge', 'issued'),
      role: 'worker',
    })
  })

  it('of a challenge that is refused', async () => {
    expect(await eventOf('/v1/challenge', { role: 'Worker' })).toEqual({
      ...common('challenge', 'refused'),
      code: 'invalid_request',
      reason: 'field_malformed',
      field: 'role',
    })
  })

  it('of an enrollment, and of its retry', async () => {
    const evidence = await service.evidence()
    const issued = { ...common('enroll', 'issued'), ...INSTANCE, role: 'worker' }
    const jti = expect.stringMatching(/^[\w-]{22}$/)
    const first = await eventOf('/v1/enroll', evidence)
    expect(first).toEqual({ ...issued, jti, retry: false })
    const answer = await enrolled(await service.post('/v1/enroll', evidence))
    expect(claimsOf(String(answer['access_token']))['jti']).toBe((first as AuditEvent).jti)
    expect(await eventOf('/v1/enroll', evidence)).toEqual({
      ...(first as object),
      retry: true,
      duration_ms: expect.any(Number),
    })
  })

  it('of an enrollment with fields that the cloud has added', async () => {
    const evidence = await service.evidence({ fields: { 'boot-mode': 'uefi', tenancy: 'host' } })
    expect(await eventOf('/v1/enroll', evidence)).toMatchObject({
      outcome: 'issued',
      unknown_fields: ['boot-mode', 'tenancy'],
    })
  })

  it('of a request that was refused before the evidence was read', async () => {
    expect(await eventOf('/v1/enroll', { document: '{}' })).toEqual({
      ...common('enroll', 'refused'),
      code: 'invalid_request',
      reason: 'field_missing',
      field: 'pkcs7',
    })
    expect(await eventOf('/v1/enroll', {}, { 'Content-Type': 'text/plain' })).toEqual({
      ...common('enroll', 'refused'),
      code: 'unsupported_media_type',
      reason: 'content_type',
    })
  })

  it('of bad evidence, which says nothing that was not verified', async () => {
    const { document, pkcs7 } = await service.evidence()
    const fields = { document: document.replace('i-bp13', 'i-bp14'), pkcs7 }
    expect(await eventOf('/v1/enroll', fields)).toEqual({
      ...common('enroll', 'refused'),
      code: 'invalid_evidence',
      reason: 'document_mismatch',
    })
  })

  it('of a challenge that has expired', async () => {
    const evidence = await service.evidence()
    await enrolled(await service.post('/v1/enroll', evidence))
    service.now += 1000
    expect(await eventOf('/v1/enroll', evidence)).toEqual({
      ...common('enroll', 'refused'),
      ...INSTANCE,
      code: 'invalid_evidence',
      reason: 'challenge_expired',
    })
  })

  it('of an instance that is not admitted, with the rule and the field', async () => {
    const evidence = await service.evidence({ role: 'builder' })
    expect(await eventOf('/v1/enroll', { ...evidence, role: 'builder' })).toEqual({
      ...common('enroll', 'refused'),
      ...INSTANCE,
      code: 'not_admitted',
      reason: 'role_not_matched',
      role: 'builder',
      rule: 'roles.builder.match.region_id',
      field: 'region_id',
    })
  })

  it('with its members in the order of the contract, and no others', async () => {
    const evidence = await service.evidence({ role: 'builder', fields: { tenancy: 'host' } })
    const refused = await eventOf('/v1/enroll', { ...evidence, role: 'builder' })
    const issued = await eventOf('/v1/enroll', await service.evidence())
    for (const event of [refused, issued]) {
      const names = Object.keys(event as object)
      expect(names).toEqual(MEMBERS.filter((name) => names.includes(name)))
    }
    const all = new Set([refused, issued].flatMap((event) => Object.keys(event as object)))
    expect(MEMBERS.filter((name) => !all.has(name))).toEqual([])
  })
})

describe('auditEvent()', () => {
  it('has the time with milliseconds, so that events of one second can be ordered', async () => {
    const precise = await createTestService()
    precise.now = 1_700_000_000.123
    await precise.post('/v1/challenge', {})
    expect(precise.events[0]?.time).toBe('2023-11-14T22:13:20.123Z')
  })
})

describe('createApp() leaves no audit event', () => {
  it.each(['/healthz', '/openapi.json', '/bootstrap.sh', '/.well-known/jwks.json', '/nothing'])(
    'of GET %s',
    async (path) => {
      service.events.length = 0
      await service.request(path)
      expect(service.events).toEqual([])
    },
  )
})
