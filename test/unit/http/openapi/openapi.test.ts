// `openapi.json`: valid, complete, and made from the schemas that validate requests.

import { Validator } from '@seriousme/openapi-schema-validator'
import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../../../src/http/app.ts'
import { jsonSchemaOf } from '../../../../src/http/openapi/json-schema.ts'
import { openApiDocument } from '../../../../src/http/openapi/openapi.ts'
import { PROBLEMS } from '../../../../src/http/problems.ts'
import {
  EnrollRequest,
  OPERATOR_SCHEMAS,
  REQUEST_SCHEMAS,
} from '../../../../src/http/request/schemas.ts'
import { checkFields } from '../../../../src/http/request/check-fields.ts'
import { KUBERNETES } from '../../../support/reviewing.ts'
import { createTestEnroller } from '../../../support/test-enroller.ts'
import { ISSUER, type TestService, createTestService } from '../../../support/test-service.ts'

const CLUSTER = {
  audiences: [],
  roles: [],
  accounts: [],
  nodeName: { template: '{instance_id}', parts: [{ field: 'instance_id' }] },
  webhookTokenSha256: [],
} as const

interface ObjectSchema {
  properties: Record<string, unknown>
  required: string[]
  additionalProperties: boolean
}
interface Operation {
  requestBody?: { content: Record<string, unknown> }
  responses: Record<string, { content: Record<string, unknown> }>
}
interface Description {
  openapi: string
  servers: { url: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, ObjectSchema> }
}

let service: TestService
let description: Description

beforeAll(async () => {
  service = await createTestService()
  description = (await (await service.request('/openapi.json')).json()) as Description
})

const operationOf = (path: string): Operation => {
  const operation = description.paths[path]?.['post']
  if (operation === undefined) throw new Error(`${path} is not described`)
  return operation
}

/** Whether an independent validator takes a description, and for which version. */
const validate = async (document: unknown): Promise<unknown> => {
  const validator = new Validator()
  const { valid } = await validator.validate(structuredClone(document) as Record<string, unknown>)
  return { valid, version: validator.version }
}

describe('openapi.json', () => {
  it('is valid OpenAPI 3.1 by an independent validator', async () => {
    expect(await validate(description)).toEqual({ valid: true, version: '3.1' })
    const { info: _, ...broken } = description as unknown as Record<string, unknown>
    expect(await validate(broken)).toMatchObject({ valid: false })
  })

  it('names the service by its issuer', () => {
    expect(description.servers).toEqual([{ url: ISSUER }])
  })

  it.each([
    ['without operators', 'POST /v1/enroll', false],
    ['with operators', 'DELETE /v1/admin/bans/{kind}/{value}', true],
  ])('describes each path and method of the app %s, and no other', async (_, one, operators) => {
    const { enroller, options } = await createTestEnroller()
    const app = createApp({
      enroller,
      audit: () => undefined,
      readiness: () => Promise.resolve(true),
      authorization: { ledger: options.ledger, proxies: [], auditAdmitted: false },
      tokenReviews: { ledger: options.ledger, cluster: CLUSTER, auditAdmitted: false },
      ...(operators && { operators: { ledger: options.ledger, operatorKeys: [] } }),
    })
    const { paths } = (await (await app.request('/openapi.json')).json()) as Description
    const routes = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(described.toSorted()).toEqual([...new Set(routes)].toSorted())
    expect(described).toContain(one)
  })

  it('is valid with operators and a cluster, too', async () => {
    const variables = { ROLLCALL_KUBERNETES: JSON.stringify(KUBERNETES) }
    const { request } = await createTestService({ operators: true, variables })
    const operated = await (await request('/openapi.json')).json()
    expect(await validate(operated)).toEqual({ valid: true, version: '3.1' })
  })

  it.each(['/v1/challenge', '/v1/enroll'])('describes the bodies and answers of %s', (path) => {
    const { requestBody, responses } = operationOf(path)
    expect(Object.keys(requestBody?.content ?? {}).toSorted()).toEqual([
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
    ])
    const alone = path === '/v1/enroll' ? 'application/jwt' : 'text/plain'
    expect(Object.keys(responses['200']?.content ?? {})).toEqual(['application/json', alone])
    const statuses = Object.keys(responses).filter((status) => status !== '200')
    const common = ['400', '408', '413', '415', '429', '500', '503']
    expect(statuses).toEqual(
      [...common, ...(path === '/v1/enroll' ? ['401', '403'] : [])].toSorted(),
    )
    for (const status of statuses) {
      expect(Object.keys(responses[status]?.content ?? {})).toEqual(['application/problem+json'])
    }
  })

  it('describes the fields of the requests, and that no others are taken', () => {
    const { ChallengeRequest, EnrollRequest: enroll } = description.components.schemas
    expect(Object.keys(ChallengeRequest?.properties ?? {})).toEqual(['role', 'dpop_jkt'])
    expect(Object.keys(enroll?.properties ?? {})).toEqual([
      'document',
      'pkcs7',
      'role',
      'audience',
      'resource',
    ])
    expect(enroll?.required).toEqual(['document', 'pkcs7'])
    expect(enroll?.additionalProperties).toBe(false)
    expect(ChallengeRequest?.properties['role']).toMatchObject({
      type: 'string',
      pattern: '^[a-z][a-z0-9-]{0,62}$',
    })
  })

  it('describes the members of an error answer and every code', () => {
    const problem = description.components.schemas['Problem']
    expect(problem?.required).toEqual(['type', 'title', 'status', 'code', 'request_id'])
    expect(problem?.properties['code']).toEqual({ enum: Object.keys(PROBLEMS) })
  })
})

describe('openApiDocument()', () => {
  it('shows a field that is added to the schema that validates', async () => {
    const extended = v.strictObject({
      ...EnrollRequest.entries,
      note: v.pipe(v.string(), v.maxLength(9), v.description('A note')),
    })
    const fields = new Map([
      ['document', 'x'],
      ['pkcs7', 'x'],
      ['note', 'x'],
    ])
    expect(checkFields(EnrollRequest, fields)).toMatchObject({
      refusal: { code: 'invalid_request', reason: 'field_unknown' },
    })
    expect(checkFields(extended, fields)).toMatchObject({ ok: true, value: { note: 'x' } })

    const document = openApiDocument(ISSUER, {
      schemas: { ...REQUEST_SCHEMAS, EnrollRequest: extended },
    })
    const schema = (document as unknown as Description).components.schemas['EnrollRequest']
    expect(schema?.properties['note']).toMatchObject({
      type: 'string',
      maxLength: 9,
      description: 'A note',
    })
    expect(schema?.required).toEqual(['document', 'pkcs7', 'note'])
    expect(await validate(document)).toMatchObject({ valid: true })
  })
})

describe('jsonSchemaOf()', () => {
  it.each(Object.entries({ ...REQUEST_SCHEMAS, ...OPERATOR_SCHEMAS }))(
    'says of %s what the schema library’s own converter says',
    (_, schema) => {
      const { $schema: __, ...expected } = toJsonSchema(schema, { typeMode: 'input' })
      expect(jsonSchemaOf(schema)).toEqual(expected)
    },
  )

  it('throws for a constraint that it would leave out', () => {
    const schema = v.strictObject({ name: v.pipe(v.string(), v.email()) })
    expect(() => jsonSchemaOf(schema)).toThrow(TypeError)
  })
})
