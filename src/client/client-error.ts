// What can go wrong when an instance or an operator calls a service. No message holds a token, a key or
// evidence, so it may be logged.

import type { RefusalReason } from './answer.ts'

/** The codes are stable: callers may `switch` on them. */
export type ClientErrorCode =
  /** No answer came in time, or the answer was longer than the limit. */
  | 'unreachable'
  /** The certificate is of an unknown CA or for another name. Not retried. */
  | 'certificate_not_trusted'
  /** The certificate is not valid yet or has expired, by this machine's clock. */
  | 'certificate_not_current'
  /** The address is https, but the server there does not speak TLS. Not retried. */
  | 'not_https'
  /**
   * The proxy cannot be reached, or opens no connection to the service. A refused login (407, 401)
   * is not retried.
   */
  | 'proxy_failed'
  /** The service answered each attempt that it cannot decide now. */
  | 'unavailable'
  /** Another server answered each attempt: a proxy, a CDN, another program at this address. */
  | 'foreign_answer'
  /** An enrollment: the metadata service did not give the evidence; `cause` is its `MetadataError`. */
  | 'metadata_failed'
  /** An enrollment: the answer is not a challenge. */
  | 'challenge_malformed'
  /** An enrollment: the challenge is of another service, role or key. Nothing was signed. */
  | 'challenge_foreign'
  /** An enrollment: each challenge expired before the service took the evidence. */
  | 'challenge_expired'
  /** The service refused the enrollment; `reason` says why, as far as the instance may know. */
  | 'enrollment_refused'
  /** The answer is not a token, or its key binding or audience is not as requested. */
  | 'token_malformed'
  /**
   * An enrollment: the key to bind the token to was made for another instance. No request was sent.
   */
  | 'key_of_another_instance'
  /** A renewal: `onToken` got a token whose role does not let the instance enroll again. */
  | 'not_renewable'
  /**
   * An exchange: the token is not bound to a key or was exchanged itself, or the service refused it:
   * it has expired or was revoked, or its role no longer allows the exchange.
   */
  | 'token_not_exchangeable'
  /** An exchange: the role of the token has no exchange for this audience. */
  | 'audience_not_allowed'
  /** An exchange: the service refused the proof of the key. */
  | 'proof_refused'
  /** An exchange: another service issued the token. No request was sent. */
  | 'token_of_another_issuer'
  /** An exchange: the token is bound to another key. No request was sent. */
  | 'key_of_another_token'
  /** An operator's call or an exchange: the request is malformed or too long. */
  | 'request_refused'
  /** An operator's call: the operator's token was refused. */
  | 'operator_refused'
  /** An operator's call: the key lacks the scope that the call needs. */
  | 'scope_missing'
  /** An operator's call: the service knows no such instance. */
  | 'not_found'
  /**
   * An operator's call: the service has no operators' calls, so nothing is known about the
   * instance.
   */
  | 'no_operator_calls'
  /** An operator's call or an exchange: an answer that this version does not know. */
  | 'unexpected_answer'

/** The parts of an error, besides the description. */
export interface ClientErrorDetails {
  /** What went wrong. */
  readonly code: ClientErrorCode
  /** What to do about it. Default: unknown. */
  readonly remedy?: string | undefined
  /** Why the service refused an enrollment. */
  readonly reason?: RefusalReason | undefined
  /** HTTP status of the last answer, if there was one. */
  readonly status?: number | undefined
  /** The error behind this one. Default: none. */
  readonly cause?: unknown
}

/**
 * A call of a service failed; `code` says why. The message is `detail` and `remedy`; a remedy of whole sentences
 * begins a new line.
 *
 * @example
 * ```ts
 * import { ClientError, requireKeyOf } from 'rollcall/client'
 *
 * try {
 *   const key = { instance: { instanceId: 'i-1', serialNumber: 's-1' } }
 *   requireKeyOf(key, { instanceId: 'i-2', serialNumber: 's-2' })
 * } catch (error) {
 *   if (!(error instanceof ClientError)) throw error
 *   console.log(error.detail) // the key was made for instance i-1, and this is i-2
 * }
 * ```
 */
export class ClientError extends Error {
  /** Always `ClientError`. */
  override readonly name = 'ClientError'
  /** What went wrong. */
  readonly code: ClientErrorCode
  /** What happened. */
  readonly detail: string
  /** What to do about it, if known; can have several lines. */
  readonly remedy: string | undefined
  /** With `enrollment_refused`, if the service tells the instance why. */
  readonly reason: RefusalReason | undefined
  /** HTTP status of the last answer, if there was one. */
  readonly status: number | undefined

  constructor(detail: string, { code, remedy, reason, status, cause }: ClientErrorDetails) {
    const between = /^[A-Z]/.test(remedy ?? '') ? '\n' : '; '
    super(remedy === undefined ? detail : detail + between + remedy, { cause })
    this.code = code
    this.detail = detail
    this.remedy = remedy
    this.reason = reason
    this.status = status
  }
}
