// What an answer means that an operator did not hope for, and what to do next. Of the service's words only its
// title is shown.

import type { OperatorScope } from '../token/operator-keys.ts'
import { type Answer, describeAnswer, parseJson } from './call.ts'
import { ClientError, type ClientErrorCode } from './client-error.ts'

/** What a call was made with, as far as it may be told. */
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

/** How far a clock may be off before a token of ours may be refused for it, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 25

/** What the answer's date tells about this machine's clock, if it is off. */
const clockHint = (date: string | null, now: number): string => {
  const off = Math.round(now - Date.parse(date ?? '') / 1000)
  if (Number.isNaN(off) || Math.abs(off) <= CLOCK_TOLERANCE_SECONDS) return ''
  const direction = off > 0 ? 'ahead of' : 'behind'
  return (
    `\n  - the clock of this machine is ${Math.abs(off)} s ${direction} the service's: set it right, ` +
    'tokens are good for a minute'
  )
}

const refusedToken = (date: string | null, { issuer, operator, kid, now }: Caller): string =>
  `The operator's token was refused:${clockHint(date, now)}
  - ROLLCALL_ADMIN_KEYS of the service must hold the public key ${kid}
  - the issuer must be ROLLCALL_ISSUER of the service to the letter; it is ${issuer}
  - if that key has a name there, the operator must have that name; it is ${operator}`

const missingScope = ({ kid, scope }: Caller): string =>
  `This call needs a key with the scope "${scope}". Use another key, or add the scope to
the key ${kid} in ROLLCALL_ADMIN_KEYS of the service`

const triedTimes = (tries: number): string => (tries === 1 ? 'Tried once' : `Tried ${tries} times`)

const LOST = 'An earlier try, whose answer was lost, may have done it already'

/** Whether the service itself says that there is no such thing: another server's 404 says nothing of it. */
const isNotFound = (text: string): boolean => {
  const problem = parseJson(text)
  return (
    typeof problem === 'object' &&
    problem !== null &&
    (problem as { readonly code?: unknown }).code === 'not_found'
  )
}

const remedyOf = (
  { status, headers, text }: Answer,
  caller: Caller,
): readonly [ClientErrorCode, string | undefined] => {
  const { tries } = caller
  if (status < 400) {
    return [
      'redirected',
      'The issuer must be the address of the service itself, not of a proxy or of a host that redirects',
    ]
  }
  if (status === 400) return ['request_refused', undefined]
  if (status === 401) return ['operator_refused', refusedToken(headers.get('Date'), caller)]
  if (headers.get('WWW-Authenticate')?.includes('error="insufficient_scope"')) {
    return ['scope_missing', missingScope(caller)]
  }
  const lost = tries > 1 ? `\n${LOST}` : ''
  if (status === 403) {
    return [
      'forbidden',
      `A proxy in front of the service may have refused the call; ask its operator${lost}`,
    ]
  }
  if (status === 404 && !isNotFound(text)) {
    return ['unexpected_answer', 'That answer is not of a rollcall service; check the issuer']
  }
  if (status === 404) {
    return [
      'not_found',
      `It knows no such thing, or has no calls of operators: is ROLLCALL_ADMIN_KEYS set there?${lost}`,
    ]
  }
  if (status === 500) return ['unavailable', 'Its own log says more, under that request']
  if (status === 429 || status > 500) {
    return ['unavailable', `${triedTimes(tries)}; try again later`]
  }
  return ['unexpected_answer', 'Is the service of the same version as this client?']
}

/** The error that an answer other than 2xx is. */
export const answerError = (answer: Answer, caller: Caller): ClientError => {
  const [code, remedy] = remedyOf(answer, caller)
  return new ClientError(describeAnswer(answer), { code, remedy, status: answer.status })
}

/** The error that no answer at all is. */
export const noAnswerError = (detail: string, { issuer, tries }: Caller): ClientError =>
  new ClientError(`${issuer}: ${detail}, tried ${tries} time${tries === 1 ? '' : 's'}`, {
    code: 'unreachable',
    remedy: 'Is the service running, and reachable from here?',
  })
