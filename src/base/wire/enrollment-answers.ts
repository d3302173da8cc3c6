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
  /** A token in exchange for another (RFC 8693 section 2.2.1). */
  Exchange: {
    type: 'object',
    properties: {
      access_token: { type: 'string' },
      issued_token_type: {
        enum: [
          'urn:ietf:params:oauth:token-type:jwt',
          'urn:ietf:params:oauth:token-type:access_token',
        ],
      },
      token_type: { enum: ['Bearer', 'DPoP'] },
      expires_in: { type: 'integer' },
    },
    required: ['access_token', 'issued_token_type', 'token_type', 'expires_in'],
  },
  /** The error answer of an OAuth call (RFC 6749 section 5.2), where it is no problem. */
  OAuthError: {
    type: 'object',
    properties: {
      error: {
        enum: [
          'invalid_request',
          'invalid_client',
          'invalid_grant',
          'unsupported_grant_type',
          'invalid_target',
          'invalid_dpop_proof',
        ],
      },
      error_description: { type: 'string' },
    },
    required: ['error', 'error_description'],
  },
  /** Problem details (RFC 9457): every other error answer. */
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
          'proxy_not_trusted',
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
