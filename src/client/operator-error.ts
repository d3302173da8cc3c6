// The error of an operator's call that fails: what happened, and what to do about it.

import { UNKNOWN_INSTANCE } from '../base/wire/operator-calls.ts'
import type { OperatorScope } from '../token/operator-keys.ts'
import { type Failure, type ServiceProblem, describeFailure } from './answer.ts'
import { ClientError, type ClientErrorCode } from './client-error.ts'
import { FOREIGN_REMEDY, VERSIONS_DIFFER } from './refusal.ts'

/** The caller, without secrets. */
export interface Caller {
  readonly issuer: string
  readonly operator: string
  /** RFC 7638 thumbprint of the operator's key. */
  readonly kid: string
  /** What the call needs. */
  readonly scope: OperatorScope
  /** Tries made, at least 1. */
  readonly tries: number
  /** This machine's clock, Unix seconds. */
  readonly now: number
}

/** How far a clock may be off, in seconds, before the service may refuse the token. */
const CLOCK_TOLERANCE_SECONDS = 25

/** The error of this machine's clock, by the date of the answer. */
const clockHint = (date: string | null, now: number): string => {
  const off = Math.round(now - Date.parse(date ?? '') / 1000)
  if (Number.isNaN(off) || Math.abs(off) <= CLOCK_TOLERANCE_SECONDS) return ''
  const direction = off > 0 ? 'ahead of' : 'behind'
  return (
    `\n  - the clock of this machine is ${Math.abs(off)} s ${direction} the service's: correct it; ` +
    'the token of a call is valid for a minute'
  )
}

const refusedToken = (date: string | null, { issuer, operator, kid, now }: Caller): string =>
  `The operator's token was refused:${clockHint(date, now)}
  - ROLLCALL_ADMIN_KEYS of the service must hold the public key ${kid}
  - the issuer must equal ROLLCALL_ISSUER of the service exactly; it is ${issuer}
  - if that key has a name there, the operator must have that name; it is ${operator}`

const missingScope = ({ kid, scope }: Caller): string =>
  `This call needs a key with the scope "${scope}". Use another key, or add the scope to
the key ${kid} in ROLLCALL_ADMIN_KEYS of the service`

const triedTimes = (tries: number): string => (tries === 1 ? 'Tried once' : `Tried ${tries} times`)

const LOST = 'An earlier try may have succeeded although its answer was lost'

const missing = ({ title }: ServiceProblem, tries: number): Said =>
  title === UNKNOWN_INSTANCE
    ? [
        'not_found',
        `Check the account, the region and the id of the instance${tries > 1 ? `\n${LOST}` : ''}`,
      ]
    : [
        'no_operator_calls',
        'The service has no operators’ calls: set ROLLCALL_ADMIN_KEYS there. Or the service is older than this client',
      ]

/** The code of the error, and what to do. */
type Said = readonly [ClientErrorCode, remedy: string | undefined]

const saidOf = ({ problem, answer }: Failure & { kind: 'problem' }, caller: Caller): Said => {
  const { tries } = caller
  switch (problem.code) {
    case 'invalid_request':
      return ['request_refused', undefined]
    case 'payload_too_large':
      return ['request_refused', 'Shorten what is sent']
    case 'invalid_token':
      return ['operator_refused', refusedToken(answer.headers.get('Date'), caller)]
    case 'insufficient_scope':
      return ['scope_missing', missingScope(caller)]
    case 'not_found':
      return missing(problem, tries)
    case 'internal_error':
      return [
        'unavailable',
        `${triedTimes(tries)}; the log of the service has the cause, under this request id`,
      ]
    case 'rate_limited':
    case 'unavailable':
    case 'request_timeout':
      return ['unavailable', `${triedTimes(tries)}; try again later`]
    default:
      return ['unexpected_answer', VERSIONS_DIFFER]
  }
}

/** The error of an operator's call that ends with this. */
export const operatorError = (failure: Failure, caller: Caller): ClientError => {
  const { issuer, tries } = caller
  const tried = `tried ${tries} time${tries === 1 ? '' : 's'}`
  if (failure.kind === 'none') {
    const { code, detail, remedy } = failure
    return new ClientError(`${issuer}: ${detail}, ${tried}`, { code, remedy })
  }
  const { status } = failure.answer
  if (failure.kind === 'foreign') {
    const detail = `${describeFailure(failure, issuer)}, ${tried}`
    return new ClientError(detail, { code: 'foreign_answer', remedy: FOREIGN_REMEDY, status })
  }
  const [code, remedy] = saidOf(failure, caller)
  return new ClientError(describeFailure(failure), { code, remedy, status })
}
