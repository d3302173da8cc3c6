// What the service answers to instances, and every error answer, as JSON Schema. Data only.

/** The answers by the names that they have in `openapi.json`. */
export const ENROLLMENT_ANSWERS = {
  Challenge: {
    type: 'object',
    properties: { audience: { type: 'string' }, expires_in: { type: 'integer' } },
    required: ['audience', 'expires_in'],
  },
  Enrollment: {
    type: 'object',
    properties: {
      access_token: { type: 'string' },
      token_type: { enum: ['Bearer', 'DPoP'] },
      expires_in: { type: 'integer' },
      issued_token_type: { const: 'urn:ietf:params:oauth:token-type:jwt' },
      role: { type: 'string' },
      renewable: {
        type: 'boolean',
        description: 'Whether the role lets this instance enroll again as it is now',
      },
    },
    required: [
      'access_token',
      'token_type',
      'expires_in',
      'issued_token_type',
      'role',
      'renewable',
    ],
  },
  /** Problem details (RFC 9457): every error answer. */
  Problem: {
    type: 'object',
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: {
        enum: [
          'invalid_request',
          'invalid_evidence',
          'invalid_dpop_proof',
          'invalid_token',
          'insufficient_scope',
          'not_admitted',
          'not_found',
          'method_not_allowed',
          'request_timeout',
          'payload_too_large',
          'unsupported_media_type',
          'rate_limited',
          'unavailable',
          'internal_error',
        ],
      },
      request_id: { type: 'string' },
      reason: {
        enum: [
          'no_role_matches',
          'key_required',
          'resource_not_allowed',
          'already_enrolled',
          'key_changed',
          'image_unchanged',
        ],
        description: 'With not_admitted, where the instance may know why',
      },
    },
    required: ['type', 'title', 'status', 'code', 'request_id'],
  },
} as const
