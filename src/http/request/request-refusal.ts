// A request that is refused for what it sends or names, before any evidence is read.

import { type Result, refuse } from '../../base/result.ts'
import type { ProblemCode } from '../problems.ts'

/** Why a request was refused; codes for the audit event. */
export type RequestReason =
  | 'body_malformed'
  | 'body_timeout'
  | 'body_too_large'
  | 'content_encoding'
  | 'content_type'
  /** An `Authorization` header and a client assertion. */
  | 'credentials_repeated'
  | 'field_empty'
  | 'field_malformed'
  | 'field_missing'
  | 'field_not_text'
  | 'field_repeated'
  | 'field_unknown'
  /** The service has no record of the instance that an operator's call names. */
  | 'instance_unknown'
  | 'invocation_async'
  | 'query_not_allowed'
  | 'rate_limited'

/** A request that is refused. */
export interface RequestRefusal {
  /** For the client. */
  readonly code: ProblemCode
  /** For the audit event. */
  readonly reason: RequestReason
  /** The title of the answer. Absent: the title of the code. */
  readonly title?: string
  /** The field that it is about, if it is one of ours. */
  readonly field?: string
}

/** Refuses a request that can't be split into the fields of its call. */
export const invalidRequest = (
  reason: RequestReason,
  title: string,
  field?: string,
): Result<never, RequestRefusal> =>
  refuse({ code: 'invalid_request', reason, title, ...(field !== undefined && { field }) })
