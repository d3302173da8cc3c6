// `/v1/authorize` in `openapi.json`, if the service has it. Every method is answered alike; proxies send GET.

import { AUTHORIZE_PATH } from '../../base/wire/paths.ts'
import { jsonSchemaOf } from './json-schema.ts'
import { type Json, anyJson, problems, string } from './parts.ts'
import { AuthorizeQuery } from '../request/schemas.ts'

const header = (name: string, required: boolean, description: string): Json => ({
  name,
  in: 'header',
  required,
  description,
  schema: string,
})

const REQUEST_HEADERS: readonly Json[] = [
  header('DPoP', false, 'The proof of the client, for a token that is bound to a key'),
  header('X-Rollcall-Proxy', false, 'The secret of the proxy; needed for a bound token'),
  header('X-Forwarded-Method', false, 'The method of the request; needed for a bound token'),
  header('X-Forwarded-Uri', false, 'Path and query of the request; needed for a bound token'),
]

/** The headers of the answer, all of them always there. */
const ANSWER_HEADERS: Readonly<Record<string, string>> = {
  'X-Rollcall-Subject': 'The claim sub',
  'X-Rollcall-Instance': 'Id of the instance',
  'X-Rollcall-Account': 'Id of its account',
  'X-Rollcall-Region': 'Id of its region',
  'X-Rollcall-Role': 'The role of the token',
  'X-Rollcall-Groups': 'The groups of the token, with commas; empty if it has none',
  'X-Rollcall-Key': 'Thumbprint of the key that the token is bound to; empty if it is not bound',
  'X-Rollcall-Expires': 'When the token expires, in Unix seconds',
}

const queryParameters = (): Json[] => {
  const { properties, required } = jsonSchemaOf(AuthorizeQuery) as {
    readonly properties: Readonly<Record<string, Json>>
    readonly required: readonly string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    description,
    schema,
  }))
}

/** How a client shows its token. */
export const AUTHORIZE_SECURITY: Json = {
  bearerToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  boundToken: { type: 'http', scheme: 'dpop', description: 'A token that is bound to a key' },
}

/** The path. */
export const authorizePath = (): Json => ({
  [AUTHORIZE_PATH]: {
    get: {
      operationId: 'authorize',
      summary: 'Ask for a proxy whether a request may go on',
      security: [{ bearerToken: [] }, { boundToken: [] }],
      parameters: [...queryParameters(), ...REQUEST_HEADERS],
      responses: {
        '200': {
          description: 'It may. The answer has a body only if Accept names application/json',
          headers: Object.fromEntries(
            Object.entries(ANSWER_HEADERS).map(([name, description]) => [
              name,
              { description, required: true, schema: string },
            ]),
          ),
          content: anyJson,
        },
        ...problems(
          'invalid_request',
          'invalid_token',
          'invalid_dpop_proof',
          'proxy_not_trusted',
          'not_admitted',
          'internal_error',
          'unavailable',
        ),
      },
    },
  },
})
