// The errors of the client. A message never contains an answer of the service, a token or an
// audience, so it may be logged.

/** The codes are stable: callers may `switch` on them. */
export type MetadataErrorCode =
  /** Nothing answers, or the network is unreachable. */
  | 'unreachable'
  /** The service answered every attempt with 429 or 5xx. */
  | 'unavailable'
  /** 404: the item is not set; `remedy` says what it needs. */
  | 'not_found'
  /** The service has no tokens, but answers requests without one. The mode is not `auto`. */
  | 'no_hardened_mode'
  /** Another server answers at this address, with 404 for every path. */
  | 'foreign_answer'
  /** The service gives no token, or rejects new ones. */
  | 'token_refused'
  /** Credentials of a RAM role, which need an option to be read. */
  | 'secret'
  /** The path of a folder is the path of an item. */
  | 'not_a_folder'
  /** The answer does not have the form of the item, or the status is unexpected. */
  | 'unexpected_answer'
  /** An answer of more than 65,536 bytes. */
  | 'too_large'

/** The parts of an error. */
export interface MetadataErrorDetails {
  /** What went wrong. */
  readonly code: MetadataErrorCode
  /** Below the version. */
  readonly path?: string | undefined
  /** Of the last answer. */
  readonly status?: number | undefined
  /** What to do about it. */
  readonly remedy?: string | undefined
  /** The error behind this one. Default: none. */
  readonly cause?: unknown
}

/**
 * The metadata service did not give the item; `code` says why. The message is `detail` and
 * `remedy`.
 *
 * @example
 * ```ts
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { MetadataError, createMetadataClient } from 'rollcall/metadata'
 *
 * const { fetch } = await createMetadataEmulator()
 * try {
 *   await createMetadataClient({ fetch }).get('meta-data/eipv4')
 * } catch (error) {
 *   if (!(error instanceof MetadataError)) throw error
 *   console.log(error.code, error.status) // not_found 404
 * }
 * ```
 */
export class MetadataError extends Error {
  /** Always `MetadataError`. */
  override readonly name = 'MetadataError'
  /** What went wrong. */
  readonly code: MetadataErrorCode
  /** What happened. */
  readonly detail: string
  /**
   * The path that was asked for, below the version; `undefined` if the error is not about a path.
   */
  readonly path: string | undefined
  /** HTTP status of the last answer; `undefined` without an answer. */
  readonly status: number | undefined
  /** What to do about it; `undefined` if unknown. */
  readonly remedy: string | undefined

  constructor(detail: string, { code, path, status, remedy, cause }: MetadataErrorDetails) {
    super(remedy === undefined ? detail : `${detail}; ${remedy}`, { cause })
    this.detail = detail
    this.code = code
    this.path = path
    this.status = status
    this.remedy = remedy
  }
}
