// What the pages say of each variable of the configuration. Only they need these texts, so that no bundle has them. A
// variable without an entry does not compile.

import type { VARIABLES } from '../../src/config/variables.ts'

/** What a page says of a variable. */
export interface VariableText {
  /** The section that its table is in. */
  readonly topic: string
  /** One sentence of Markdown without a full stop. */
  readonly meaning: string
  /** The default in words, if it differs from the value. */
  readonly shownDefault?: string
  /** The unit of its value, such as `seconds`. */
  readonly unit?: string
}

/** Each variable by the name of its value in the configuration. */
export const VARIABLE_TEXTS: Readonly<Record<keyof typeof VARIABLES, VariableText>> = {
  issuer: {
    topic: 'identity and keys',
    meaning:
      'The public URL of the service, `https://HOST[:PORT]` without a path; every token and challenge ' +
      'contains it as written (`http` for localhost only)',
  },
  signingKeys: {
    topic: 'identity and keys',
    meaning:
      'A private JWKS, which `rollcall keygen` makes; the first key signs, and all are published',
  },
  policy: {
    topic: 'admission',
    meaning: 'Which instances may enroll, and in which role ([policy](policy.md))',
  },
  trustAnchors: {
    topic: 'admission',
    meaning:
      'PEM certificates that replace the built-in one; for test clouds, or when Alibaba Cloud changes its own',
    shownDefault: 'Alibaba Cloud’s',
  },
  ledger: {
    topic: 'state and challenges',
    meaning:
      'Where state is stored: `sqlite:PATH`, `redis://...`, `rediss://...`, `deno-kv:`, or `memory:` for trials',
    shownDefault: 'the runtime’s; else required',
  },
  challengeLifetimeSeconds: {
    topic: 'state and challenges',
    meaning:
      'How long a challenge is valid; once shortened, a reset or an empty `memory:` ledger still accepts ' +
      'challenges of the longer lifetime',
    unit: 'seconds',
  },
  challengeKeys: {
    topic: 'state and challenges',
    meaning: 'Keys for challenges, 32 bytes each in base64url, separated by commas',
    shownDefault: 'derived from the signing keys',
  },
  allowSha1: {
    topic: 'admission',
    meaning: 'Whether signatures with SHA-1 are accepted, which ECS makes',
  },
  operatorKeys: {
    topic: 'operators',
    meaning:
      'A public JWKS of operators, none of them a signing key; without it the operators’ calls do not exist',
    shownDefault: 'no operators',
  },
  relyingPartyKeys: {
    topic: 'relying parties',
    meaning:
      'A public JWKS of relying parties, each key with `name` and `audiences`; they ask ' +
      '`POST /v1/introspect` whether a token is active ([tokens](tokens.md))',
    shownDefault: 'no relying parties',
  },
  proxies: {
    topic: 'proxies',
    meaning:
      'JSON: the proxies that may ask `/v1/authorize` about bound tokens, each with `name`, `origin`, ' +
      '`secret_sha256` and `audiences`',
    shownDefault: 'no proxies',
  },
  kubernetes: {
    topic: 'kubernetes',
    meaning:
      'JSON: the cluster whose API server asks `POST /v1/kubernetes/tokenreview`, with `audiences`, ' +
      '`roles`, `accounts`, `node_name` and `webhook_token_sha256`',
    shownDefault: 'no cluster',
  },
  auditAuthorize: {
    topic: 'proxies',
    meaning:
      'Whether `/v1/authorize` and `/v1/kubernetes/tokenreview` write an audit event for what they admit, ' +
      'too; refusals always have one',
  },
  host: {
    topic: 'server',
    meaning: 'The address that the server listens on',
  },
  port: {
    topic: 'server',
    meaning: 'The port that the server listens on; 0 for any free one',
  },
}
