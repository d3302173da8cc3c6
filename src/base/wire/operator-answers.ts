// What the service answers to operators, as JSON Schema. Data only.

/** The answers by the names that they have in `openapi.json`. */
export const OPERATOR_ANSWERS = {
  /** Up to the largest number of seconds that is a date. */
  UnixSeconds: { type: 'integer', minimum: 0, maximum: 8_640_000_000_000 },
  Instance: {
    type: 'object',
    properties: {
      owner_account_id: { type: 'string' },
      region_id: { type: 'string' },
      instance_id: { type: 'string' },
      serial_number: { type: 'string' },
      first_enrolled_at: { $ref: '#/components/schemas/UnixSeconds' },
      last_enrolled_at: { $ref: '#/components/schemas/UnixSeconds' },
      enrollments: {
        type: 'integer',
        minimum: 0,
        description: '0 after the instance is forgotten',
      },
      role: { type: 'string', description: 'The role of the latest enrollment' },
      image_id: { type: 'string', description: 'The image at the latest enrollment' },
      private_ipv4: { type: 'string', description: 'The address at the latest enrollment' },
      jkt: {
        type: 'string',
        description: 'Thumbprint (RFC 7638) of the key that the instance first enrolled with',
      },
      generation: { type: 'integer', minimum: 0, description: 'The number of resets' },
      open: { type: 'boolean', description: 'Whether the next enrollment is a first enrollment' },
      revoked_until: {
        $ref: '#/components/schemas/UnixSeconds',
        description: 'Tokens issued up to this time are revoked',
      },
    },
    required: [
      'owner_account_id',
      'region_id',
      'instance_id',
      'serial_number',
      'enrollments',
      'generation',
      'open',
    ],
  },
  InstancePage: {
    type: 'object',
    properties: {
      instances: { type: 'array', items: { $ref: '#/components/schemas/Instance' } },
      cursor: {
        type: 'string',
        description: 'Where the next page begins; absent on the last page',
      },
    },
    required: ['instances'],
  },
  /** What a ban names; the answer after a ban is lifted. */
  Banned: {
    type: 'object',
    properties: { kind: { enum: ['account', 'image', 'instance'] }, value: { type: 'string' } },
    required: ['kind', 'value'],
  },
  Ban: {
    type: 'object',
    properties: {
      kind: { enum: ['account', 'image', 'instance'] },
      value: { type: 'string' },
      reason: { type: 'string' },
      banned_by: { type: 'string', description: 'The operator’s name' },
      banned_by_kid: { type: 'string', description: 'Thumbprint of the operator’s key' },
      banned_at: { $ref: '#/components/schemas/UnixSeconds' },
    },
    required: ['kind', 'value', 'reason', 'banned_by', 'banned_at'],
  },
  BanPage: {
    type: 'object',
    properties: {
      bans: { type: 'array', items: { $ref: '#/components/schemas/Ban' } },
      cursor: {
        type: 'string',
        description: 'Where the next page begins; absent on the last page',
      },
    },
    required: ['bans'],
  },
  /** RFC 7662 section 2.2: whether a token is active, and the claims of an active one. */
  Introspection: {
    type: 'object',
    properties: {
      active: { type: 'boolean' },
      token_type: { enum: ['Bearer', 'DPoP'] },
      iss: { type: 'string' },
      sub: { type: 'string' },
      aud: { type: 'array', items: { type: 'string' } },
      iat: { $ref: '#/components/schemas/UnixSeconds' },
      nbf: { $ref: '#/components/schemas/UnixSeconds' },
      exp: { $ref: '#/components/schemas/UnixSeconds' },
      jti: { type: 'string' },
      acr: { type: 'string' },
      role: { type: 'string' },
      groups: { type: 'array', items: { type: 'string' } },
      cnf: {
        type: 'object',
        properties: { jkt: { type: 'string' } },
        required: ['jkt'],
        description: 'The key that the token is bound to (RFC 9449)',
      },
      enrollment_jti: {
        type: 'string',
        description: 'Of an exchanged token: jti of the enrollment token',
      },
      enrollment_iat: { $ref: '#/components/schemas/UnixSeconds' },
      ecs: {
        type: 'object',
        properties: {
          owner_account_id: { type: 'string' },
          instance_id: { type: 'string' },
          region_id: { type: 'string' },
          zone_id: { type: 'string' },
          instance_type: { type: 'string' },
          image_id: { type: 'string' },
          private_ipv4: { type: 'string' },
          mac: { type: 'string' },
          serial_number: { type: 'string' },
        },
        required: [
          'owner_account_id',
          'instance_id',
          'region_id',
          'zone_id',
          'instance_type',
          'image_id',
          'private_ipv4',
          'mac',
          'serial_number',
        ],
        description: 'The attested identity of the instance',
      },
    },
    required: ['active'],
  },
} as const
