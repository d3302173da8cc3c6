// The operators' calls over HTTP. Each try signs a token of its own, good for a minute and for one call;
// a redirect is never followed, since the token is for the service alone.

import { randomUUID } from 'node:crypto'
import { OPERATOR_CALLS, type OperatorAction } from '../../base/wire/operator-calls.ts'
import { type Signer, signJws } from '../../token/jws.ts'
import { EXIT } from '../exit-status.ts'
import { type NoAnswer, noAnswer } from '../no-answer.ts'
import { thisRun } from '../run.ts'
import { CallError, type Caller, answerError, noAnswerError } from './call-error.ts'
import { PASSING_STATUSES, waitMs } from './retry.ts'

const TOKEN_SECONDS = 60

/** What calls are made with. */
export interface AdminClientOptions {
  /** The service's name and address. */
  readonly issuer: string
  readonly signer: Signer
  /** Who the operator is, for the audit events of the service. */
  readonly operator: string
  /** Limit of one try. */
  readonly timeoutSeconds: number
  /** How often a call is made again when the service can't answer now. */
  readonly retries: number
  /** Told of each wait. */
  readonly say: (line: string) => void
}

/** What differs from call to call. */
export interface CallOptions {
  /** The parts of the path that have a name. */
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | undefined>>
  /** Fields of the body. */
  readonly fields?: Readonly<Record<string, string>>
}

/** Makes calls. */
export interface AdminClient {
  /** @returns the answer's JSON, `undefined` if it is empty. @throws CallError */
  call(action: OperatorAction, options?: CallOptions): Promise<unknown>
}

const pathOf = (action: OperatorAction, { params = {} }: CallOptions): string =>
  OPERATOR_CALLS[action].path.replaceAll(/:([a-z]+)/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  )

const queryOf = ({ query = {} }: CallOptions): string => {
  const given = Object.entries(query).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

interface Answered {
  readonly response: Response
  readonly text: string
}

/** Creates a client. */
export const createAdminClient = (options: AdminClientOptions): AdminClient => {
  const { issuer, signer, operator, timeoutSeconds, retries } = options

  /** A token for one call: somebody who reads it cannot use it for another. */
  const makeToken = (htm: string, htu: string): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000)
    const times = { iat, exp: iat + TOKEN_SECONDS }
    const claims = { aud: issuer, sub: operator, jti: randomUUID(), htm, htu, ...times }
    return signJws('rollcall-admin+jwt', claims, signer)
  }

  const request = async (
    action: OperatorAction,
    call: CallOptions,
  ): Promise<Answered | NoAnswer> => {
    const { fields } = call
    const { method } = OPERATOR_CALLS[action]
    const address = issuer + pathOf(action, call)
    const headers = {
      Accept: 'application/json',
      Authorization: `Bearer ${await makeToken(method, address)}`,
      ...(fields && { 'Content-Type': 'application/json' }),
    }
    try {
      const response = await fetch(address + queryOf(call), {
        method,
        headers,
        ...(fields && { body: JSON.stringify(fields) }),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      })
      return { response, text: await response.text() }
    } catch (error) {
      return noAnswer(error, timeoutSeconds)
    }
  }

  const read = ({ response, text }: Answered, caller: Caller): unknown => {
    if (!response.ok) throw answerError(response, text, caller)
    try {
      return text === '' ? undefined : (JSON.parse(text) as unknown)
    } catch {
      throw new CallError(
        EXIT.incomplete,
        `${issuer} did not answer with JSON; is --issuer a rollcall service?`,
        response.status,
      )
    }
  }

  return {
    async call(action, call = {}) {
      for (let tries = 1; ; tries++) {
        const answer = await request(action, call)
        const { scope } = OPERATOR_CALLS[action]
        const caller = { issuer, operator, kid: signer.kid, scope, tries, nowMs: Date.now() }
        const answered = 'response' in answer
        const passes = answered ? PASSING_STATUSES.includes(answer.response.status) : answer.passes
        if (!passes || tries > retries) {
          if (!answered) throw noAnswerError(answer, caller)
          return read(answer, caller)
        }
        const retryAfter = answered ? answer.response.headers.get('Retry-After') : null
        const wait = waitMs(tries, retryAfter, caller.nowMs, Math.random())
        const why = answered ? `the service answered ${answer.response.status}` : answer.why
        options.say(`${why}; again in ${(wait / 1000).toFixed(1)} s (${tries} of ${retries})`)
        await thisRun().timing.wait(wait / 1000)
      }
    },
  }
}
