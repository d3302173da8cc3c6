// Why a call of the Kubernetes API server failed, as an error of the command.

import { CommandError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'

const UNAUTHORIZED = 401
const FORBIDDEN = 403

/** A call of the API server that failed. */
export class ApiServerError extends CommandError {
  override readonly name = 'ApiServerError'
  /** The status of the answer; `undefined` if there was none. */
  readonly httpStatus: number | undefined

  constructor(message: string, httpStatus?: number) {
    const refused = httpStatus === UNAUTHORIZED || httpStatus === FORBIDDEN
    super(refused ? EXIT.refused : EXIT.unavailable, message)
    this.httpStatus = httpStatus
  }
}

/** An answer that is longer than this command reads. */
export class AnswerTooLongError extends ApiServerError {
  /** @param call method and path, without a query */
  constructor(call: string, maxBytes: number) {
    super(`The API server answered more than ${maxBytes / 1_048_576} MiB to ${call}`)
  }
}

/** What to do about a status. */
const ADVICE: Readonly<Record<number, string>> = {
  [UNAUTHORIZED]: 'the token of the service account is not accepted',
  [FORBIDDEN]: 'its ClusterRole lacks a right; apply the manifest of this version',
}

/**
 * The error for an answer.
 * @param call method and path, without a query
 */
export const answerError = (call: string, status: number): ApiServerError => {
  const advice = ADVICE[status]
  const what = `The API server answered ${status} to ${call}`
  return new ApiServerError(advice === undefined ? what : `${what}: ${advice}`, status)
}

/** The error for a call without an answer. Only the code of the cause is shown. */
export const noAnswerError = (server: string, cause: unknown): ApiServerError => {
  const { code, name } = ((cause as Error).cause ?? cause) as NodeJS.ErrnoException
  return new ApiServerError(`The API server ${server} does not answer (${code ?? name})`)
}
