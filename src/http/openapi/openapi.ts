// `openapi.json`: the description of the API (OpenAPI 3.1). The schemas that validate requests describe them too.

import { ENROLLMENT_ANSWERS } from '../../base/wire/enrollment-answers.ts'
import { OPERATOR_ANSWERS } from '../../base/wire/operator-answers.ts'
import { jsonSchemaOf } from './json-schema.ts'
import { AUTHORIZE_SECURITY, authorizePath } from './authorize-path.ts'
import { introspectionPath } from './introspection-path.ts'
import { operatorPaths } from './operator-paths.ts'
import { tokenPath } from './token-path.ts'
import { TOKEN_REVIEW_SECURITY, tokenReviewPath } from './token-review-path.ts'
import {
  type Json,
  READING,
  SERVING,
  anyJson,
  body,
  get,
  problems,
  ref,
  string,
  text,
} from './parts.ts'
import {
  CLIENT_SCHEMAS,
  OPERATOR_SCHEMAS,
  REQUEST_SCHEMAS,
  type RequestSchema,
} from '../request/schemas.ts'

const { UnixSeconds, Introspection } = OPERATOR_ANSWERS

/** RFC 9449, for a challenge that was made with a thumbprint. */
const DPOP_HEADER: Json = {
  name: 'DPoP',
  in: 'header',
  required: false,
  description: 'A DPoP proof whose nonce is the challenge',
  schema: string,
}

/** What is described. */
export interface OpenApiOptions {
  readonly operators?: boolean
  readonly relyingParties?: boolean
  readonly exchange?: boolean
  readonly authorization?: boolean
  readonly tokenReviews?: boolean
  readonly readiness?: boolean
  readonly schemas?: Readonly<Record<keyof typeof REQUEST_SCHEMAS, RequestSchema>>
}

/**
 * Describes the API.
 * @param issuer the server's URL
 * @param options `operators`, `relyingParties`, `exchange`, `authorization`, `tokenReviews` and `readiness`: whether
 *   operators' calls, introspection by relying parties, `/v1/token`, `/v1/authorize`, `/v1/kubernetes/tokenreview` and
 *   `/readyz` are there, default no; `schemas`: default those that the service validates with
 */
export const openApiDocument = (
  issuer: string,
  {
    operators = false,
    relyingParties = false,
    exchange = false,
    authorization = false,
    tokenReviews = false,
    readiness = false,
    schemas = REQUEST_SCHEMAS,
  }: OpenApiOptions = {},
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
        summary: 'Make a challenge',
        requestBody: body('ChallengeRequest', false),
        responses: {
          '200': {
            description: 'A challenge for one enrollment',
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
        parameters: [DPOP_HEADER],
        responses: {
          '200': {
            description: 'The enrollment token',
            content: { 'application/json': { schema: ref('Enrollment') }, 'application/jwt': text },
          },
          ...problems(
            ...READING,
            'invalid_evidence',
            'invalid_dpop_proof',
            'not_admitted',
            ...SERVING,
          ),
        },
      },
    },
    ...(exchange && tokenPath()),
    '/.well-known/openid-configuration': get('discover', 'Discovery document', anyJson),
    '/.well-known/oauth-authorization-server': get(
      'discoverServer',
      'The same document, for OAuth clients (RFC 8414)',
      anyJson,
    ),
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
    ...(readiness && {
      '/readyz': {
        get: {
          operationId: 'readiness',
          summary: 'Whether the ledger answers',
          responses: {
            '200': { description: 'The ledger answers', content: anyJson },
            '503': { description: 'The ledger is unreachable', content: anyJson },
          },
        },
      },
    }),
    '/openapi.json': get('describe', 'This document', anyJson),
    ...(authorization && authorizePath()),
    ...(tokenReviews && tokenReviewPath()),
    ...(operators && operatorPaths()),
    ...(relyingParties && introspectionPath(operators)),
  },
  components: {
    securitySchemes: {
      ...(operators && { operator: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } }),
      ...(authorization && AUTHORIZE_SECURITY),
      ...(tokenReviews && TOKEN_REVIEW_SECURITY),
    },
    schemas: {
      ...Object.fromEntries(
        Object.entries({
          ...schemas,
          ...(operators && OPERATOR_SCHEMAS),
          ...(relyingParties && CLIENT_SCHEMAS),
        }).map(([name, schema]) => [name, jsonSchemaOf(schema)]),
      ),
      ...ENROLLMENT_ANSWERS,
      ...(relyingParties && { UnixSeconds, Introspection }),
      ...(operators && OPERATOR_ANSWERS),
    },
  },
})
