// `openapi.json`: the API described (OpenAPI 3.1), its requests by the schemas that validate them.

import { toJsonSchema } from '@valibot/to-json-schema'
import { PROBLEMS, type ProblemCode } from './problems.ts'
import { REQUEST_SCHEMAS, type RequestSchema } from './schemas.ts'

type Json = Readonly<Record<string, unknown>>

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })

const requestSchema = (schema: RequestSchema): unknown => {
  const { $schema: _, ...json } = toJsonSchema(schema, { typeMode: 'input' })
  return json
}

/** A request body in each of the forms that are read. */
const body = (name: string, required: boolean): Json => ({
  required,
  content: Object.fromEntries(
    ['application/x-www-form-urlencoded', 'multipart/form-data', 'application/json'].map((type) => [
      type,
      { schema: ref(name) },
    ]),
  ),
})

const problems = (...codes: readonly ProblemCode[]): Json =>
  Object.fromEntries(
    codes.map((code) => [
      String(PROBLEMS[code][0]),
      {
        description: `${code}: ${PROBLEMS[code][1]}`,
        content: { 'application/problem+json': { schema: ref('Problem') } },
      },
    ]),
  )

const READING = ['invalid_request', 'request_timeout', 'payload_too_large'] as const
const SERVING = ['unsupported_media_type', 'rate_limited', 'internal_error', 'unavailable'] as const

const text = { schema: { type: 'string' } }
const object = (properties: Json): Json => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
})
const string = { type: 'string' }
const integer = { type: 'integer' }

const get = (operationId: string, summary: string, content: Json, more: Json = {}): Json => ({
  get: { operationId, summary, responses: { '200': { description: 'OK', content } }, ...more },
})

const anyJson = { 'application/json': { schema: { type: 'object' } } }

/**
 * Describes the API.
 * @param issuer the server's URL
 * @param schemas default: those that the service validates with
 */
export const openApiDocument = (
  issuer: string,
  schemas: Readonly<Record<keyof typeof REQUEST_SCHEMAS, RequestSchema>> = REQUEST_SCHEMAS,
): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'rollcall',
    version: '1',
    summary: 'Zero-trust enrollment for Alibaba Cloud ECS',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: issuer }],
  paths: {
    '/v1/challenge': {
      post: {
        operationId: 'makeChallenge',
        summary: 'Make a challenge: the audience to ask the metadata service for a signature with',
        requestBody: body('ChallengeRequest', false),
        responses: {
          '200': {
            description: 'A challenge, good for one enrollment',
            content: { 'application/json': { schema: ref('Challenge') }, 'text/plain': text },
          },
          ...problems(...READING, ...SERVING),
        },
      },
    },
    '/v1/enroll': {
      post: {
        operationId: 'enroll',
        summary: 'Show evidence with a challenge in it, get an enrollment token',
        requestBody: body('EnrollRequest', true),
        responses: {
          '200': {
            description: 'The enrollment token',
            content: { 'application/json': { schema: ref('Enrollment') }, 'application/jwt': text },
          },
          ...problems(...READING, 'invalid_evidence', 'not_admitted', ...SERVING),
        },
      },
    },
    '/.well-known/openid-configuration': get('discover', 'Discovery document', anyJson),
    '/.well-known/jwks.json': get('keys', 'Public keys of the tokens', anyJson),
    '/bootstrap.sh': get(
      'bootstrap',
      'The POSIX shell client of this service',
      { 'text/x-shellscript': text },
      {
        parameters: [{ name: 'role', in: 'query', required: false, schema: string }],
      },
    ),
    '/healthz': get('health', 'Whether the service is alive', anyJson),
    '/openapi.json': get('describe', 'This document', anyJson),
  },
  components: {
    schemas: {
      ...Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [name, requestSchema(schema)]),
      ),
      Challenge: object({ audience: string, expires_in: integer }),
      Enrollment: object({
        access_token: string,
        token_type: { enum: ['Bearer', 'DPoP'] },
        expires_in: integer,
        issued_token_type: { const: 'urn:ietf:params:oauth:token-type:jwt' },
        role: string,
      }),
      Problem: object({
        type: string,
        title: string,
        status: integer,
        code: { enum: Object.keys(PROBLEMS) },
        request_id: string,
      }),
    },
  },
})
