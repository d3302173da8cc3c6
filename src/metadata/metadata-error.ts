// What can go wrong when the metadata service is asked. A message never holds what the service
// answered, a token or an audience, so it may be logged.

/** The codes are stable: callers may `switch` on them. */
export type MetadataErrorCode =
  /** Nothing answers, or the network is unreachable. */
  | 'unreachable'
  /** The service answers 429 or 5xx, again and again. */
  | 'unavailable'
  /** 404: the item was never set; `remedy` says what it needs. */
  | 'not_found'
  /** The service has no tokens, and the mode is not `auto`; it does answer requests without one. */
  | 'no_hardened_mode'
  /** Something else answers at this address: 404 whatever is asked for. */
  | 'foreign_answer'
  /** The service gives no token, or takes none. */
  | 'token_refused'
  /** Credentials of a RAM role, which are given only if they are asked for as such. */
  | 'secret'
  /** A folder was asked for, and it is an item. */
  | 'not_a_folder'
  /** An answer that is not in the form of the item, or a status that means nothing here. */
  | 'unexpected_answer'
  /** An answer of more than 65,536 bytes. */
  | 'too_large'

/** What an error is made of, besides its message. */
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
 * The metadata service did not give what was asked for; `code` says why. The message is `detail` and `remedy`.
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
  /** The path that was asked for, below the version; `undefined` if the error is of no path. */
  readonly path: string | undefined
  /** HTTP status of the last answer; `undefined` if there was none. */
  readonly status: number | undefined
  /** What to do about it; `undefined` if none is known. */
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
