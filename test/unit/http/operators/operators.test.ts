// The table of operators' calls: a call costs one row and its handler.

import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../../src/base/result.ts'
import { OPERATOR_CALLS, type OperatorCall } from '../../../../src/base/wire/operator-calls.ts'
import type { AuditEvent } from '../../../../src/http/audit.ts'
import type { Env } from '../../../../src/http/audited.ts'
import { operatorPaths } from '../../../../src/http/openapi/operator-paths.ts'
import { subjectOf } from '../../../../src/http/operators/address.ts'
import type { Handlers } from '../../../../src/http/operators/handlers.ts'
import { addCalls } from '../../../../src/http/operators/operators.ts'
import { createMemoryLedger } from '../../../../src/ledger/memory.ts'
import { parseOperatorKeys } from '../../../../src/token/operator-keys.ts'
import { generateSigningKeys } from '../../../../src/token/generate.ts'
import { parseSigningKeys, publishedKeys } from '../../../../src/token/signing-keys.ts'
import { operatorTable } from '../../../generate/page-tables.ts'
import { ISSUER, OPERATOR } from '../../../support/test-service.ts'

const NOW = 1_700_000_000

const CALLS = {
  quarantine: {
    method: 'PUT',
    path: '/v1/admin/instances/:account/:region/:instance/quarantine',
    scope: 'write',
    summary: 'Quarantine an instance',
    request: 'BanRequest',
    answer: 'Banned',
  },
} as const satisfies Record<string, OperatorCall>

const HANDLERS: Handlers<typeof CALLS> = {
  quarantine: ({ clock }, { subject, fields, operator }) =>
    Promise.resolve(
      subject.instanceId === 'i-none'
        ? refuse({ code: 'not_found', reason: 'instance_unknown', title: 'No such instance' })
        : accept({
            body: {
              kind: 'instance',
              value: [subject.instanceId, fields.reason, operator.sub, clock()].join(' '),
            },
          }),
    ),
}

const path = (instance: string): string =>
  `/v1/admin/instances/1609000000000000/cn-hangzhou/${instance}/quarantine`

/** An app that has these calls alone, and a way to make them. */
const createCalls = async (): Promise<{
  readonly events: AuditEvent[]
  put(path: string, fields: Readonly<Record<string, string>>): Promise<Response>
}> => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  const app = new Hono<Env>()
  const events: AuditEvent[] = []
  const service = {
    issuer: ISSUER,
    audit: (event: AuditEvent) => void events.push(event),
    clock: () => NOW,
    exactClock: () => NOW,
  }
  const published = publishedKeys(await parseSigningKeys(await generateSigningKeys('ES256')))
  const ledger = createMemoryLedger(0)
  const operatorKeys = await parseOperatorKeys({ keys: [jwk] })
  addCalls(app, service, { ledger, operatorKeys, published }, CALLS, HANDLERS)
  return {
    events,
    async put(address, fields) {
      const token = await new SignJWT({ sub: OPERATOR, jti: crypto.randomUUID(), aud: ISSUER })
        .setProtectedHeader({ alg: 'ES256', typ: 'rollcall-admin+jwt', kid })
        .setIssuedAt(NOW)
        .setExpirationTime(NOW + 60)
        .sign(privateKey)
      return app.request(ISSUER + address, {
        method: 'PUT',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(fields),
      })
    },
  }
}

describe('a row and its handler', () => {
  it('are calls that are routed, read, answered and audited', async () => {
    const { put, events } = await createCalls()
    const response = await put(path('i-1'), { reason: 'odd' })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      kind: 'instance',
      value: `i-1 odd ${OPERATOR} ${NOW}`,
    })
    expect(events).toMatchObject([
      { event: 'admin', action: 'quarantine', outcome: 'done', sub: OPERATOR, instance_id: 'i-1' },
    ])
  })

  it.each([
    [404, 'i-none', { reason: 'odd' }],
    [400, 'instance', { reason: 'odd' }],
    [400, 'i-1', {}],
    [400, 'i-1', { reason: 'odd', other: 'x' }],
  ])('are refused with %s for the instance %s and the fields %o', async (status, name, fields) => {
    const { put, events } = await createCalls()
    expect((await put(path(name), fields as Record<string, string>)).status).toBe(status)
    expect(events).toMatchObject([{ action: 'quarantine', outcome: 'refused' }])
  })

  it('are described in openapi.json', () => {
    const address = '/v1/admin/instances/{account}/{region}/{instance}/quarantine'
    expect(operatorPaths(CALLS)).toMatchObject({
      [address]: {
        put: {
          operationId: 'quarantine',
          summary: 'Quarantine an instance',
          description: 'Needs the scope write',
          parameters: [{ name: 'account' }, { name: 'region' }, { name: 'instance' }],
          requestBody: { required: true },
        },
      },
    })
  })

  it('are a line of the page’s table', () => {
    expect(operatorTable(CALLS).split('\n')[2]).toBe(
      '| `PUT /v1/admin/instances/{account}/{region}/{instance}/quarantine` | `write` | `reason` ' +
        '| Quarantine an instance | `Banned` |',
    )
  })
})

describe('OPERATOR_CALLS', () => {
  it.each(Object.entries(OPERATOR_CALLS))('%s has a path whose values are read', (_, call) => {
    const values = Object.fromEntries(
      Object.entries({
        account: '1609000000000000',
        region: 'cn-hangzhou',
        instance: 'i-1',
        kind: 'image',
        value: 'm-1',
      }).filter(([name]) => call.path.includes(`:${name}`)),
    )
    const subject = subjectOf(call.path, values)
    const names = Object.keys((subject.ok && subject.value) || {})
    expect(subject.ok).toBe(true)
    expect(names).toHaveLength(Object.keys(values).length)
  })
})
