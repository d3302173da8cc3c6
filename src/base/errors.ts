// The coded errors of the library. A message names what was expected and found in general
// terms; it never holds bytes of the evidence, a token or a key, so it may be logged.

/** What can be wrong with a piece of evidence. The codes are stable: callers may `switch` on them. */
export type InstanceIdentityErrorCode =
  /** The text is not base64 or PEM, or the evidence does not have its shape. */
  | 'malformed_encoding'
  /** The bytes are not strict DER. */
  | 'malformed_der'
  /** The DER is not a PKCS#7 message, or not a certificate, of the subset that is read. */
  | 'unsupported_structure'
  /** The algorithm, or the strength of a key, is not accepted. */
  | 'unsupported_algorithm'
  /** No trust anchor has the issuer and serial number that the message names. */
  | 'unknown_signer'
  /** The trust anchor is not valid yet, or has expired. */
  | 'trust_anchor_not_valid'
  /** The signed attributes belong to other content. */
  | 'signed_attributes_invalid'
  /** The signature does not verify. */
  | 'signature_invalid'
  /** The identity document is not read strictly: a field is missing, repeated or out of its pattern. */
  | 'document_malformed'
  /** The posted document differs from the signed content. */
  | 'document_mismatch'
  /** The message has no content, and no document was posted. */
  | 'content_missing'
  /** The signature was made for another audience, or for none. */
  | 'audience_mismatch'

/**
 * Evidence, or a trust anchor, that was refused. `code` says which check refused it.
 *
 * @example
 * ```ts
 * import { InstanceIdentityError, parseTrustAnchors } from 'rollcall'
 *
 * try {
 *   await parseTrustAnchors('not a certificate')
 * } catch (error) {
 *   if (!(error instanceof InstanceIdentityError)) throw error
 *   console.log(error.code) // malformed_encoding
 * }
 * ```
 */
export class InstanceIdentityError extends Error {
  /** Always `InstanceIdentityError`. */
  override readonly name = 'InstanceIdentityError'
  /** The check that refused the input. */
  readonly code: InstanceIdentityErrorCode
  /**
   * Where the input was refused, from 0, always inside the input; absent if no single place is to
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

/** What a ledger reports. The codes are stable: callers may `switch` on them. */
export type LedgerErrorCode =
  /** The store does not answer; retry later. */
  | 'ledger_unavailable'
  /** The store cannot keep a ledger; retrying does not help. */
  | 'ledger_unfit'
  /** Another release wrote the entry; retrying does not help. */
  | 'ledger_format_unknown'

/** The name of an error of a ledger, which is the name of its class. */
export type LedgerErrorName = 'LedgerUnavailableError' | 'LedgerUnfitError' | 'LedgerFormatError'

/**
 * The ledger is unreachable. Nothing was decided; retry later. After a write, the entry may be stored.
 * {@link LedgerUnfitError} is one too, so a caller that only refuses needs to know this class alone.
 *
 * @example
 * ```ts
 * import { LedgerUnavailableError } from 'rollcall'
 * import { createRedisLedger } from 'rollcall/ledger/redis'
 *
 * // Nothing listens on this port.
 * const ledger = createRedisLedger({ url: 'redis://127.0.0.1:1' })
 * try {
 *   await ledger.read('instance:i-1', 0)
 * } catch (error) {
 *   if (!(error instanceof LedgerUnavailableError)) throw error
 *   console.log(error.code) // ledger_unavailable
 * }
 * await ledger.close()
 * ```
 */
export class LedgerUnavailableError extends Error {
  /** `LedgerUnavailableError`; the classes below have names of their own. */
  override readonly name: LedgerErrorName = 'LedgerUnavailableError'
  /** `ledger_unavailable`; the classes below have codes of their own. */
  readonly code: LedgerErrorCode = 'ledger_unavailable'
}

/**
 * The store cannot keep a ledger, or the runtime lacks what the driver needs. Retrying does not help.
 *
 * @example
 * ```ts
 * import { LedgerUnfitError } from 'rollcall'
 * import { createDenoKvLedger } from 'rollcall/ledger/deno-kv'
 *
 * // Node has no Deno KV.
 * const ledger = createDenoKvLedger({ path: 'ledger.kv' })
 * try {
 *   await ledger.read('instance:i-1', 0)
 * } catch (error) {
 *   if (!(error instanceof LedgerUnfitError)) throw error
 *   console.log(error.code) // ledger_unfit
 * }
 * ```
 */
export class LedgerUnfitError extends LedgerUnavailableError {
  /** `LedgerUnfitError`, or `LedgerFormatError` if another release wrote an entry. */
  override readonly name: Exclude<LedgerErrorName, 'LedgerUnavailableError'> = 'LedgerUnfitError'
  /** `ledger_unfit`, or `ledger_format_unknown` if another release wrote an entry. */
  override readonly code: Exclude<LedgerErrorCode, 'ledger_unavailable'> = 'ledger_unfit'
}

/** Another release wrote an entry of the ledger; the message names the format that was found. */
export class LedgerFormatError extends LedgerUnfitError {
  override readonly name = 'LedgerFormatError'
  override readonly code = 'ledger_format_unknown'
}

/**
 * A configuration, a policy or a set of keys that was refused. `problems` has one line for each problem.
 *
 * @example
 * ```ts
 * import { ConfigurationError, parsePolicy } from 'rollcall'
 *
 * try {
 *   parsePolicy('{"roles": {}}')
 * } catch (error) {
 *   if (!(error instanceof ConfigurationError)) throw error
 *   console.log(error.problems[0]) // roles: expected at least one role
 * }
 * ```
 */
export class ConfigurationError extends Error {
  /** Always `ConfigurationError`. */
  override readonly name = 'ConfigurationError'
  /** Always `configuration_invalid`. */
  readonly code = 'configuration_invalid'
  /** One line for each problem; none holds a secret. */
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.problems = problems
  }
}
