// The client's side of hardened mode: one token for all requests, renewed before it expires.

import type { Timing } from '../base/timing.ts'
import { MetadataError } from './metadata-error.ts'
import { hasNoTokens, readToken } from './token-answer.ts'
import type { Answer, Call } from './transport.ts'

/**
 * Whether requests have tokens. `hardened`: always. `auto`: unless the service has no tokens (it
 * answers the PUT with 404 or 405).
 */
export type MetadataMode = 'hardened' | 'auto'

/** The current token. */
export interface Session {
  /**
   * Gives the token, and requests one if there is none. Concurrent callers share one request.
   * @param rejected a token that the service rejected: it is not given again
   * @returns `undefined` in normal mode
   */
  token(rejected?: Rejected): Promise<string | undefined>
}

/** The token that the service rejected. */
export interface Rejected {
  readonly token: string | undefined
}

/** The same as in bootstrap.sh. It is short because a token can leak. */
const TTL_SECONDS = 300
const RENEW_EARLY_SECONDS = 30
/** Options of a session. */
export interface SessionOptions {
  readonly send: (call: Call) => Promise<Answer>
  readonly mode: MetadataMode
  readonly timing: Pick<Timing, 'elapsed'>
  /**
   * Whether the metadata service answers requests without a token. Normal mode is proposed only
   * then.
   */
  readonly answersPlainly: () => Promise<boolean>
  /** The error if another server answers 404. */
  readonly foreign: () => MetadataError
}

/** Makes a session. It sends no request before the first call. */
export const createSession = ({
  send,
  mode,
  timing: { elapsed },
  answersPlainly,
  foreign,
}: SessionOptions): Session => {
  let current: { readonly token: string | undefined; readonly until: number } | undefined
  let pending: Promise<string | undefined> | undefined

  const tokenOf = async (answer: Answer): Promise<string | undefined> => {
    if (!hasNoTokens(answer)) return readToken(answer, TTL_SECONDS)
    if (mode === 'auto') return undefined
    if (!(await answersPlainly())) throw foreign()
    const { status } = answer
    throw new MetadataError(`the metadata service has no hardened mode (status ${status})`, {
      code: 'no_hardened_mode',
      status,
      remedy: 'where that is expected, use the mode `auto`',
    })
  }

  const renew = async (): Promise<string | undefined> => {
    const until = elapsed() + TTL_SECONDS - RENEW_EARLY_SECONDS
    const headers = { 'X-aliyun-ecs-metadata-token-ttl-seconds': String(TTL_SECONDS) }
    const token = await tokenOf(await send({ target: '/latest/api/token', method: 'PUT', headers }))
    current = { token, until }
    return token
  }

  return {
    async token(rejected) {
      const isGood = current !== undefined && elapsed() < current.until
      if (isGood && (rejected === undefined || rejected.token !== current?.token)) {
        return current?.token
      }
      pending ??= renew().finally(() => (pending = undefined))
      return pending
    },
  }
}
