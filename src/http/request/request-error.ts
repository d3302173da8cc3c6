// A request that is refused before any evidence is looked at.

import type { OperatorRefusal } from '../../operate/authenticate.ts'
import type { ProblemCode } from '../problems.ts'

/** Why a request was refused by its form; codes for the audit event. */
export type RequestReason =
  | 'body_malformed'
  | 'body_timeout'
  | 'body_too_large'
  | 'content_encoding'
  | 'content_type'
  | 'field_empty'
  | 'field_malformed'
  | 'field_missing'
  | 'field_not_text'
  | 'field_repeated'
  | 'field_unknown'
  | 'invocation_async'
  | 'operator_token_missing'
  | OperatorRefusal
  | 'query_not_allowed'
  | 'rate_limited'

/** Thrown while a request is read; the message is the title of the answer. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: ProblemCode
  readonly reason: RequestReason
  /** The field that it is about, if it is one of ours. */
  readonly field: string | undefined

  constructor(code: ProblemCode, reason: RequestReason, title?: string, field?: string) {
    super(title)
    this.code = code
    this.reason = reason
    this.field = field
  }
}

/** A request that can't be split into the fields of its call. */
export const invalidRequest = (
  reason: RequestReason,
  title: string,
  field?: string,
): RequestError => new RequestError('invalid_request', reason, title, field)
