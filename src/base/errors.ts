// The coded errors of the library. A message names what was expected and found in general
// terms; it never holds bytes of the evidence, a token or a key, so it may be logged.

/** What can be wrong with a piece of evidence. The codes are stable: callers may `switch` on them. */
export type InstanceIdentityErrorCode =
  | 'malformed_encoding'
  | 'malformed_der'
  | 'unsupported_structure'
  | 'unsupported_algorithm'
  | 'unknown_signer'
  | 'trust_anchor_not_valid'
  | 'signed_attributes_invalid'
  | 'signature_invalid'
  | 'document_malformed'
  | 'document_mismatch'
  | 'content_missing'
  | 'audience_mismatch'

/** Evidence, or a trust anchor, that was refused; `code` says which check refused it. */
export class InstanceIdentityError extends Error {
  override readonly name = 'InstanceIdentityError'
  readonly code: InstanceIdentityErrorCode
  /**
   * Where the input was refused, from 0, always inside of the input; absent if no single place is to
   * blame. It counts bytes of the decoded DER; for `malformed_encoding` characters of the text; for
   * `document_malformed` bytes of the document. It is the first byte of the refused element, or, of a
   * refused length or left-over bytes, the first of these.
   */
  readonly offset: number | undefined

  constructor(
    code: InstanceIdentityErrorCode,
    message: string,
    options: ErrorOptions & { readonly offset?: number } = {},
  ) {
    super(message, options)
    this.code = code
    this.offset = options.offset
  }
}

/** The ledger could not answer, so nothing was decided: try again later, nothing was lost. */
export class LedgerUnavailableError extends Error {
  override readonly name = 'LedgerUnavailableError'
  readonly code = 'ledger_unavailable'
}

/** The store is one that a ledger can't be kept in, or lacks what that takes: no waiting mends it. */
export class LedgerUnfitError extends LedgerUnavailableError {}

/** The ledger holds something that another release wrote; the message names the format found. */
export class LedgerFormatError extends LedgerUnfitError {}

/** A configuration that was refused; `problems` has one line for each thing to mend. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly code = 'configuration_invalid'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.problems = problems
  }
}
