// What instances and operators are answered is what `openapi.json` describes: an independent validator reads each answer.

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { openApiDocument } from '../../../../src/http/openapi/openapi.ts'
import { OPERATOR_CALLS } from '../../../../src/base/wire/operator-calls.ts'
import { createExchangingService } from '../../../support/exchanging.ts'
import { claimsOf, enrolled } from '../../../support/http.ts'
import { DOCUMENT_FIELDS } from '../../../support/test-cloud.ts'
import { ISSUER, type TestService, createTestService } from '../../../support/test-service.ts'

interface Media {
  readonly schema?: { readonly $ref?: string }
}
interface Operation {
  readonly operationId: string
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, Media>> }>
  >
}

const INSTANCE = `/v1/admin/instances/${DOCUMENT_FIELDS['owner-account-id']}/${DOCUMENT_FIELDS['region-id']}/${DOCUMENT_FIELDS['instance-id']}`
const BAN = '/v1/admin/bans/image/m-test'

let service: TestService
let operations: ReadonlyMap<string, Operation>
let token: string

/** The same schema, its objects without members that are not described. */
const closed = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(closed)
  const copy = Object.fromEntries(Object.entries(value).map(([name, it]) => [name, closed(it)]))
  return copy['type'] === 'object' && 'properties' in copy
    ? { ...copy, additionalProperties: false }
    : copy
}

const { components } = closed(openApiDocument(ISSUER, { operators: true })) as {
  readonly components: object
}
const validators = new Map<string, ValidateFunction>()

/** A validator of a schema of the document; members that it does not describe are refused. */
const validatorOf = ($ref: string): ValidateFunction => {
  const validate =
    validators.get($ref) ?? new Ajv2020({ strict: false }).compile({ $ref, components })
  validators.set($ref, validate)
  return validate
}

beforeAll(async () => {
  service = await createTestService({ operators: true })
  const document = (await (await service.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, Operation>>
  }
  const all = Object.values(document.paths).flatMap((path) => Object.values(path))
  operations = new Map(all.map((operation) => [operation.operationId, operation]))
  const answer = await enrolled(await service.post('/v1/enroll', await service.evidence()))
  token = String(answer['access_token'])
})

/** Makes a call and compares its answer with the description. */
const expectDescribed = async (action: string, answer: Response): Promise<unknown> => {
  const text = await answer.text()
  const described = operations.get(action)?.responses[answer.status]
  expect(described, `${action} ${answer.status}`).toBeDefined()
  if (described?.content === undefined) {
    expect([text, answer.headers.get('Content-Type')]).toEqual(['', null])
    return undefined
  }
  const [type = ''] = (answer.headers.get('Content-Type') ?? '').split(';')
  const reference = described.content[type]?.schema?.$ref
  expect(reference, `${action} answers ${type}`).toBeDefined()
  const body: unknown = JSON.parse(text)
  const validate = validatorOf(String(reference))
  expect([validate(body), validate.errors]).toEqual([true, null])
  return body
}

const CALLS: readonly (readonly [
  string,
  string,
  string,
  (() => Readonly<Record<string, string>>)?,
])[] = [
  ['list', 'GET', '/v1/admin/instances'],
  ['show', 'GET', INSTANCE],
  ['introspect', 'POST', '/v1/introspect', () => ({ token })],
  ['ban', 'PUT', BAN, () => ({ reason: 'test' })],
  ['list_bans', 'GET', '/v1/admin/bans?limit=1'],
  ['unban', 'DELETE', BAN],
  ['revoke_token', 'POST', '/v1/revoke', () => ({ jti: String(claimsOf(token)['jti']) })],
  ['introspect', 'POST', '/v1/introspect', () => ({ token })],
  ['reset', 'POST', `${INSTANCE}/reset`],
  ['revoke', 'POST', `${INSTANCE}/revoke`],
  ['forget', 'DELETE', INSTANCE],
]

describe('openapi.json', () => {
  it('describes the answer of every operator call', async () => {
    const answers: Record<string, unknown> = {}
    for (const [action, method, path, fields] of CALLS) {
      const answer = await service.operate(method, path, fields?.())
      expect([action, answer.status]).toEqual([action, 200])
      answers[action] = await expectDescribed(action, answer)
    }
    expect(Object.keys(answers).toSorted()).toEqual(Object.keys(OPERATOR_CALLS).toSorted())
    expect(answers['introspect']).toEqual({ active: false })
    expect(answers['list']).toMatchObject({ instances: [{ enrollments: 1 }] })
  })

  it.each([
    ['show', 'GET', `${INSTANCE}none`, 404],
    ['list', 'GET', '/v1/admin/instances?limit=0', 400],
    ['ban', 'PUT', BAN, 400],
  ])('describes the error of %s', async (action, method, path, status) => {
    const answer = await service.operate(method, path)
    expect(answer.status).toBe(status)
    await expectDescribed(action, answer)
  })

  it('describes the error of a call without a token', async () => {
    for (const [action, method, path] of CALLS) {
      const answer = await service.request(path, { method })
      expect(answer.status).toBe(401)
      await expectDescribed(action, answer)
    }
  })

  it('describes the answers of an exchange, and what introspection tells of the new token', async () => {
    const exchanging = await createExchangingService()
    const answer = await exchanging.exchange()
    const { access_token: child } = (await expectDescribed('exchangeToken', answer)) as {
      access_token: string
    }
    await expectDescribed('exchangeToken', await exchanging.exchange({ dpop: 'x' }))
    await expectDescribed('exchangeToken', await exchanging.post('/v1/token', {}))
    const large = { fields: { x: 'x'.repeat(17_000) } }
    await expectDescribed('exchangeToken', await exchanging.exchange(large))
    const active = await exchanging.operate('POST', '/v1/introspect', { token: child })
    expect(await expectDescribed('introspect', active)).toMatchObject({
      active: true,
      enrollment_jti: claimsOf(exchanging.token)['jti'],
      enrollment_iat: claimsOf(exchanging.token)['iat'],
    })
  })

  it('describes the answers to an instance, its refusals among them', async () => {
    await expectDescribed('makeChallenge', await service.post('/v1/challenge', {}))
    const [first, again] = [await service.evidence(), await service.evidence()]
    await expectDescribed('enroll', await service.post('/v1/enroll', first))
    const unknownRole = { ...again, role: 'none' }
    const refused = await service.post('/v1/enroll', unknownRole)
    expect(refused.ok).toBe(false)
    await expectDescribed('enroll', refused)
  })
})
