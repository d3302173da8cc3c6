// The calls of operators in `openapi.json`, where they are there.

import { type Json, READING, SERVING, body, problems, ref, string } from './parts.ts'
import { OPERATOR_CALLS } from '../operators/calls.ts'

const parameter = (name: string, where: 'path' | 'query'): Json => ({
  name,
  in: where,
  required: where === 'path',
  schema: string,
})

/** The paths, by their templates. */
export const operatorPaths = (): Json => {
  const paths: Record<string, Record<string, Json>> = {}
  for (const [action, { method, path, scope, summary, request, answer }] of Object.entries(
    OPERATOR_CALLS,
  )) {
    const parts = path.split('/').filter((part) => part.startsWith(':'))
    const query = action.startsWith('list') ? ['cursor', 'limit'] : []
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
