// `POST /v1/kubernetes/tokenreview` in `openapi.json`, if the service has it. Kubernetes describes the form.

import { TOKEN_REVIEW_PATH } from '../../base/wire/paths.ts'
import { type Json, READING, SERVING, anyJson, problems } from './parts.ts'

/** How an API server shows who it is. */
export const TOKEN_REVIEW_SECURITY: Json = { webhookToken: { type: 'http', scheme: 'bearer' } }

/** The path. */
export const tokenReviewPath = (): Json => ({
  [TOKEN_REVIEW_PATH]: {
    post: {
      operationId: 'reviewToken',
      summary: 'Tell a Kubernetes API server which node a token authenticates',
      security: [{ webhookToken: [] }],
      requestBody: {
        required: true,
        description: 'A TokenReview of authentication.k8s.io/v1',
        content: anyJson,
      },
      responses: {
        '200': { description: 'The TokenReview with its status', content: anyJson },
        ...problems(...READING, 'invalid_token', ...SERVING),
      },
    },
  },
})
