// What went wrong with a call, and what to do next. Of the service's words only its title is shown.

import { CommandError, EXIT } from '../exit-status.ts'
import type { OperatorScope } from '../../token/admin-keys.ts'
import { type NoAnswer, saidBy } from '../no-answer.ts'

/** A call that was not answered as it should be. */
export class CallError extends CommandError {
  override readonly name = 'CallError'
  /** The status of the answer; absent if there was none. */
  readonly httpStatus: number | undefined

  constructor(status: number, message: string, httpStatus?: number) {
    super(status, message)
    this.httpStatus = httpStatus
  }
}

/** What a call was made with, as far as it may be told. */
export interface Caller {
  readonly issuer: string
  readonly operator: string
  readonly kid: string
  /** What the call needs. */
  readonly scope: OperatorScope
  /** Tries made, at least 1. */
  readonly tries: number
  /** This machine's clock, Unix milliseconds. */
  readonly nowMs: number
}

/** How far a clock may be off before a token of ours may be refused for it, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 25

/** What the answer's date tells about this machine's clock, if it is off. */
const clockHint = (date: string | null, nowMs: number): string => {
  const off = Math.round((nowMs - Date.parse(date ?? '')) / 1000)
  if (Number.isNaN(off) || Math.abs(off) <= CLOCK_TOLERANCE_SECONDS) return ''
  const direction = off > 0 ? 'ahead of' : 'behind'
  return (
    `\n  - the clock of this machine is ${Math.abs(off)} s ${direction} the service's: set it right, ` +
    'tokens are good for a minute'
  )
}

const refusedToken = (date: string | null, { issuer, operator, kid, nowMs }: Caller): string =>
  `The operator's token was refused:${clockHint(date, nowMs)}
  - ROLLCALL_ADMIN_KEYS of the service must hold the public key ${kid}
  - --issuer must be ROLLCALL_ISSUER of the service to the letter; it is ${issuer}
  - if that key has a name there, --operator must be that name; it is ${operator}`

const missingScope = ({ kid, scope }: Caller): string =>
  `This call needs a key with the scope "${scope}". Use another key, or add the scope to
the key ${kid} in ROLLCALL_ADMIN_KEYS of the service`

const NEXT: Readonly<Record<number, string>> = {
  403: 'Something before the service may refuse you; ask whoever runs it',
  404: 'It knows no such thing, or has no calls of operators: is ROLLCALL_ADMIN_KEYS set there?',
  500: 'Its own log says more, under that request',
}

/** The error that an answer other than 2xx is. */
export const answerError = (
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  text: string,
  caller: Caller,
): CallError => {
  const said = saidBy(status, text)
  const make = (exit: number, next: string | undefined): CallError =>
    new CallError(exit, next === undefined ? said : `${said}\n${next}`, status)
  if (status < 400) {
    return make(EXIT.usage, '--issuer must be the address of the service itself, nothing before it')
  }
  if (status === 400) return make(EXIT.usage, undefined)
  if (status === 401) return make(EXIT.refused, refusedToken(headers.get('Date'), caller))
  if (headers.get('WWW-Authenticate')?.includes('error="insufficient_scope"')) {
    return make(EXIT.refused, missingScope(caller))
  }
  if (status === 403 || status === 404) {
    const lost = 'An earlier try, whose answer was lost, may have done it already'
    return make(EXIT.refused, caller.tries > 1 ? `${NEXT[status]}\n${lost}` : NEXT[status])
  }
  if (status === 429 || status >= 500) {
    return make(EXIT.unavailable, NEXT[status] ?? `Tried ${caller.tries} times; try again later`)
  }
  return make(EXIT.incomplete, 'Is the service of the same version as this command?')
}

/** The error that no answer at all is. */
export const noAnswerError = ({ why }: NoAnswer, { issuer, tries }: Caller): CallError =>
  new CallError(
    EXIT.unavailable,
    `${issuer}: ${why}, tried ${tries} time${tries === 1 ? '' : 's'}
Is the service running, and reachable from here?`,
  )
