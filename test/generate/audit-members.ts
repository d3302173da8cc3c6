// What each member of an audit event means. A member without an entry does not compile.

import type { AuditEvent } from '../../src/http/audit.ts'

/** One member. */
export interface MemberEntry {
  /** When the member is there. */
  readonly present: string
  /** A phrase without a full stop. */
  readonly meaning: string
}

/** The members in the order in which an event has them; a test compares the order. */
export const AUDIT_MEMBERS: Readonly<Record<keyof AuditEvent, MemberEntry>> = {
  version: { present: 'always', meaning: '`1`; rises if a member changes its meaning' },
  time: { present: 'always', meaning: 'RFC 3339, UTC, with milliseconds' },
  event: {
    present: 'always',
    meaning:
      '`challenge`, `enroll`, `exchange`, `authorize`, `tokenreview`, `introspect` or `admin`',
  },
  request_id: { present: 'always', meaning: 'the `X-Request-Id` of the answer' },
  proxy: { present: '`authorize`, if the proxy is known', meaning: 'the name of the proxy' },
  sub: { present: '`admin`, with a good token', meaning: 'the name of the operator' },
  operator_kid: {
    present: '`admin`, if the key is known',
    meaning: 'RFC 7638 thumbprint of the operator’s key',
  },
  client: {
    present: '`introspect`, once the signature verified',
    meaning: 'the name of the relying party',
  },
  client_kid: {
    present: '`introspect`, once the signature verified',
    meaning: 'RFC 7638 thumbprint of the relying party’s key',
  },
  action: { present: '`admin`', meaning: 'the call, such as `reset`' },
  outcome: { present: 'always', meaning: '`issued`, `done`, `refused` or `error`' },
  code: {
    present: '`refused`, `error`',
    meaning:
      'the `code` or `error` of the answer; `tokenreview`: the code that `/v1/authorize` would answer',
  },
  reason: { present: '`refused`, `error`', meaning: 'the exact reason, see below' },
  error: { present: '`unexpected_error`', meaning: 'the name of the error, such as `TypeError`' },
  role: { present: 'if known', meaning: 'the role asked for, or the role that the policy chose' },
  rule: { present: 'some refusals', meaning: 'path in the policy of the rule that refused' },
  field: { present: 'some refusals', meaning: 'the field that was wrong or did not match' },
  instance_id: { present: 'if verified, or named by an operator', meaning: 'the instance' },
  owner_account_id: { present: 'if verified, or named by an operator', meaning: 'its account' },
  region_id: { present: 'if verified, or named by an operator', meaning: 'its region' },
  image_id: { present: 'if verified, or named by an operator', meaning: 'its image' },
  jkt: { present: 'if a key was proved', meaning: 'RFC 7638 thumbprint of the instance’s key' },
  jti: { present: 'a token issued or named', meaning: 'the `jti` claim of that token' },
  enrollment_jti: {
    present: 'if a token was shown, and its signature is right',
    meaning: 'the `jti` claim of the enrollment token',
  },
  audience: {
    present: '`exchange`, if a token was issued',
    meaning: 'the audience of the new token',
  },
  retry: {
    present: '`enroll`, once the challenge is spent',
    meaning: '`true` if the same evidence came before',
  },
  unknown_fields: {
    present: 'if there are any',
    meaning: 'fields of the document that this version does not know',
  },
  trust_anchor: {
    present: 'if verified',
    meaning: 'SHA-256 fingerprint of the certificate that signed',
  },
  duration_ms: { present: 'always', meaning: 'how long the call took' },
}
