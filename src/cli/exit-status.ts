// The exit statuses of the command, and which one each failure of a call ends with.

import type { ClientErrorCode } from '../client/index.ts'

/** The exit statuses, the same for each subcommand. */
export const EXIT = {
  done: 0,
  /** What was printed or done is not all, or what was to be checked is not good. */
  failed: 1,
  usage: 2,
  metadata: 3,
  refused: 4,
  unavailable: 5,
  /** The work stopped midway: what was printed or done is not all, or the command of `--exec` failed. */
  brokeOff: 6,
} as const

/** For `--help` of what calls a service. */
export const EXIT_HELP = `
Exit status: 0 done, 1 something went wrong midway, 2 usage or configuration,
4 refused by the service (401, 403, 404), 5 service not available.`

/** The exit status for each code of a `ClientError`. */
export const CLIENT_STATUS: Readonly<Record<ClientErrorCode, number>> = {
  unreachable: EXIT.unavailable,
  unavailable: EXIT.unavailable,
  metadata_failed: EXIT.metadata,
  challenge_malformed: EXIT.unavailable,
  challenge_foreign: EXIT.refused,
  challenge_expired: EXIT.unavailable,
  enrollment_refused: EXIT.refused,
  token_malformed: EXIT.unavailable,
  not_renewable: EXIT.brokeOff,
  redirected: EXIT.usage,
  request_refused: EXIT.usage,
  operator_refused: EXIT.refused,
  scope_missing: EXIT.refused,
  forbidden: EXIT.refused,
  not_found: EXIT.refused,
  unexpected_answer: EXIT.failed,
}
