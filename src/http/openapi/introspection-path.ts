// `POST /v1/introspect` in `openapi.json`, if relying parties may call it: beside operators, or alone.

import { OPERATOR_CALLS } from '../../base/wire/operator-calls.ts'
import { OAUTH_ERRORS, type OAuthErrorCode } from '../oauth-error.ts'
import { BODY_TYPES } from '../request/fields.ts'
import { type Json, SERVING, problems, ref } from './parts.ts'

/** The errors of relying parties' calls. */
const ERRORS: readonly OAuthErrorCode[] = ['invalid_request', 'invalid_client']

/** The OAuth errors by status, each beside the problem of operators that has that status. */
const oauthErrors = (beside: Readonly<Record<string, Json>>): Json =>
  Object.fromEntries(
    ERRORS.map((error) => {
      const [status, text] = OAUTH_ERRORS[error]
      const { description, content = {} } = beside[status] ?? {}
      const descriptions = description === undefined ? [] : [String(description)]
      return [
        status,
        {
          description: [...descriptions, `${error}: ${text}`].join('; '),
          content: { ...(content as Json), 'application/json': { schema: ref('OAuthError') } },
        },
      ]
    }),
  )

/** The path. @param operators whether operators may call it, too */
export const introspectionPath = (operators: boolean): Json => {
  const { path, summary } = OPERATOR_CALLS.introspect
  const form = 'application/x-www-form-urlencoded'
  const ofClient = ref('ClientIntrospectRequest')
  const ofOperator = ref('IntrospectRequest')
  const operatorProblems = operators
    ? problems('invalid_request', 'invalid_token', 'insufficient_scope', 'not_found')
    : {}
  return {
    [path]: {
      post: {
        operationId: 'introspect',
        summary,
        description: operators
          ? 'Needs a client assertion of a relying party, or an operator’s token with the scope introspect'
          : 'Needs a client assertion of a relying party',
        // The client assertion is in the body, so without an operator's token the call has no scheme.
        ...(operators && { security: [{ operator: [] }, {}] }),
        requestBody: {
          required: true,
          content: operators
            ? Object.fromEntries(
                BODY_TYPES.map((type) => [
                  type,
                  { schema: type === form ? { anyOf: [ofOperator, ofClient] } : ofOperator },
                ]),
              )
            : { [form]: { schema: ofClient } },
        },
        responses: {
          '200': {
            description: 'OK',
            content: { 'application/json': { schema: ref('Introspection') } },
          },
          ...operatorProblems,
          ...oauthErrors(operatorProblems as Readonly<Record<string, Json>>),
          ...problems('request_timeout', 'payload_too_large', ...SERVING),
        },
      },
    },
  }
}
