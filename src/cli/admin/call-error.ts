// What went wrong with a call, and what to do next. Of the service's words only its title is shown.

import * as v from 'valibot'
import { CommandError, EXIT } from '../exit-status.ts'
import { printable } from './output.ts'

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
  readonly kid: string
  /** Tries made, at least 1. */
  readonly tries: number
  /** This machine's clock, Unix milliseconds. */
  readonly nowMs: number
}

const MAX_TITLE = 300

const Problem = v.object({
  title: v.pipe(v.string(), v.maxLength(MAX_TITLE)),
  request_id: v.optional(v.pipe(v.string(), v.maxLength(64))),
})

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What the service says, if it says it as rollcall does (RFC 9457). */
const saidBy = (status: number, text: string): string => {
  const problem = v.safeParse(Problem, parse(text))
  if (!problem.success) return `the service answered ${status}`
  const { title, request_id: id } = problem.output
  const request = id === undefined ? '' : `, request ${printable(id)}`
  return `the service answered ${status}${request}: ${printable(title)}`
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

const refusedToken = (date: string | null, { issuer, kid, nowMs }: Caller): string =>
  `The operator's token was refused:${clockHint(date, nowMs)}
  - ROLLCALL_ADMIN_KEYS of the service must hold the public key ${kid}
  - --issuer must be ROLLCALL_ISSUER of the service to the letter; it is ${issuer}`

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
  if (status === 403 || status === 404) {
    const lost = 'An earlier try, whose answer was lost, may have done it already'
    return make(EXIT.refused, caller.tries > 1 ? `${NEXT[status]}\n${lost}` : NEXT[status])
  }
  if (status === 429 || status >= 500) {
    return make(EXIT.unavailable, NEXT[status] ?? `Tried ${caller.tries} times; try again later`)
  }
  return make(EXIT.incomplete, 'Is the service of the same version as this command?')
}

const codeOf = (error: unknown): string | undefined => {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : undefined
}

const CERTIFICATE = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_|ERR_SSL/

/** Why there was no answer, and whether there may be one next time. */
export interface NoAnswer {
  readonly why: string
  readonly passes: boolean
}

/** What an error of `fetch` means. */
export const noAnswer = (error: unknown, timeoutSeconds: number): NoAnswer => {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return { why: `no answer within ${timeoutSeconds} s`, passes: true }
  }
  const cause = (error as { cause?: unknown } | null)?.cause
  const code = codeOf(cause) ?? codeOf((cause as AggregateError | undefined)?.errors?.[0])
  if (code !== undefined && CERTIFICATE.test(code)) {
    return {
      why: `its certificate is not trusted (${code}); for a CA of your own set NODE_EXTRA_CA_CERTS`,
      passes: false,
    }
  }
  return { why: `no answer (${code ?? 'the connection failed'})`, passes: true }
}

/** The error that no answer at all is. */
export const noAnswerError = ({ why }: NoAnswer, { issuer, tries }: Caller): CallError =>
  new CallError(
    EXIT.unavailable,
    `${issuer}: ${why}, tried ${tries} time${tries === 1 ? '' : 's'}
Is the service running, and reachable from here?`,
  )
