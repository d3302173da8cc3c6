// The exit statuses of the command, and which one each failure of a call ends with.

import type { ClientErrorCode } from '../client/index.ts'

/** The exit statuses, the same for each subcommand. */
export const EXIT = {
  done: 0,
  /** The check ran and found a problem. */
  notGood: 1,
  /** Usage or configuration; nothing was changed. */
  usage: 2,
  metadata: 3,
  refused: 4,
  unavailable: 5,
  /**
   * The work stopped midway: the output or the changes are incomplete, or the command of `--exec`
   * failed.
   */
  brokeOff: 6,
} as const

/** What they mean for a subcommand that calls a service, for `--help`. */
export const CALL_EXITS =
  '0 done, 2 usage or configuration, 4 refused by the service, 5 service not available, ' +
  '6 stopped midway'

/** The exit status for each code of a `ClientError`. */
export const CLIENT_STATUS: Readonly<Record<ClientErrorCode, number>> = {
  unreachable: EXIT.unavailable,
  certificate_not_trusted: EXIT.unavailable,
  certificate_not_current: EXIT.unavailable,
  not_https: EXIT.unavailable,
  proxy_failed: EXIT.unavailable,
  unavailable: EXIT.unavailable,
  foreign_answer: EXIT.unavailable,
  metadata_failed: EXIT.metadata,
  challenge_malformed: EXIT.unavailable,
  challenge_foreign: EXIT.refused,
  challenge_expired: EXIT.unavailable,
  enrollment_refused: EXIT.refused,
  token_malformed: EXIT.unavailable,
  key_of_another_instance: EXIT.usage,
  not_renewable: EXIT.brokeOff,
  token_not_exchangeable: EXIT.refused,
  audience_not_allowed: EXIT.refused,
  proof_refused: EXIT.refused,
  token_of_another_issuer: EXIT.usage,
  key_of_another_token: EXIT.usage,
  request_refused: EXIT.usage,
  operator_refused: EXIT.refused,
  scope_missing: EXIT.refused,
  not_found: EXIT.refused,
  no_operator_calls: EXIT.refused,
  unexpected_answer: EXIT.unavailable,
}
