// What the stand-in API server answers when it refuses: a Status object with the status, reason and text of the real one.

const STATUS = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
} as const

/** Why a request is refused. */
export type Reason = keyof typeof STATUS

/** A refusal of the stand-in API server. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly reason: Reason

  constructor(reason: Reason, message: string) {
    super(message)
    this.reason = reason
  }

  /** The HTTP status. */
  get code(): number {
    return STATUS[this.reason]
  }

  /** The Status object of the answer. */
  toStatus(): Readonly<Record<string, unknown>> {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      code: this.code,
    }
  }
}
