// `POST /v1/kubernetes/tokenreview` in `openapi.json`, if the service has it. The forms are those of Kubernetes, as far
// as this service reads and writes them.

import { TOKEN_REVIEW_PATH } from '../../base/wire/paths.ts'
import { TOKEN_REVIEW_KIND, TOKEN_REVIEW_VERSION } from '../kubernetes/token-review-body.ts'
import { type Json, READING, SERVING, problems, string } from './parts.ts'

const texts: Json = { type: 'array', items: string }
const object = (properties: Json, required: readonly string[]): Json => ({
  type: 'object',
  properties,
  required,
})

/** A TokenReview of which some members are described. */
const review = (properties: Json): Json => ({
  'application/json': {
    schema: object(
      {
        apiVersion: { const: TOKEN_REVIEW_VERSION },
        kind: { const: TOKEN_REVIEW_KIND },
        ...properties,
      },
      ['apiVersion', 'kind', ...Object.keys(properties)],
    ),
  },
})

const USER = object(
  {
    username: string,
    uid: string,
    groups: texts,
    extra: { type: 'object', additionalProperties: texts },
  },
  ['username', 'uid', 'groups', 'extra'],
)

/** How an API server shows who it is. */
export const TOKEN_REVIEW_SECURITY: Json = {
  webhookToken: { type: 'http', scheme: 'bearer', description: 'The token of the API server' },
}

/** The path. */
export const tokenReviewPath = (): Json => ({
  [TOKEN_REVIEW_PATH]: {
    post: {
      operationId: 'reviewToken',
      summary: 'Tell a Kubernetes API server which node a token authenticates',
      security: [{ webhookToken: [] }],
      requestBody: {
        required: true,
        content: review({ spec: object({ token: string, audiences: texts }, ['token']) }),
      },
      responses: {
        '200': {
          description: 'The user of a node, or authenticated: false',
          content: review({
            spec: object({}, []),
            status: object({ authenticated: { type: 'boolean' }, user: USER, audiences: texts }, [
              'authenticated',
            ]),
          }),
        },
        ...problems(...READING, 'invalid_token', ...SERVING),
      },
    },
  },
})
