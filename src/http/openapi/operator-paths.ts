// The calls of operators in `openapi.json`, if the service has them.

import { OPERATOR_CALLS, type OperatorCall } from '../../base/wire/operator-calls.ts'
import { type Json, READING, SERVING, body, problems, ref, string } from './parts.ts'

const parameter = (name: string, where: 'path' | 'query'): Json => ({
  name,
  in: where,
  required: where === 'path',
  schema: string,
})

/** The paths, by their templates. @param calls default: those that the service has */
export const operatorPaths = (
  calls: Readonly<Record<string, OperatorCall>> = OPERATOR_CALLS,
): Json => {
  const paths: Record<string, Record<string, Json>> = {}
  for (const [action, call] of Object.entries(calls)) {
    const { method, path, scope, summary, query = [], request, answer } = call
    const parts = path.split('/').filter((part) => part.startsWith(':'))
    const operations = (paths[path.replaceAll(/:(\w+)/g, '{$1}')] ??= {})
    operations[method.toLowerCase()] = {
      operationId: action,
      summary,
      description: `Needs the scope ${scope}`,
      security: [{ operator: [] }],
      parameters: [
        ...parts.map((part) => parameter(part.slice(1), 'path')),
        ...query.map((name) => parameter(name, 'query')),
      ],
      ...(request !== undefined && { requestBody: body(request, true) }),
      responses: {
        '200': {
          description: 'OK',
          ...(answer !== undefined && {
            content: { 'application/json': { schema: ref(answer) } },
          }),
        },
        ...problems(...READING, 'invalid_token', 'insufficient_scope', 'not_found', ...SERVING),
      },
    }
  }
  return paths
}
