// The client's side of hardened mode: one token for all requests, renewed before it ends.

import { fromUtf8 } from '../base/bytes.ts'
import type { Timing } from '../base/timing.ts'
import { MetadataError } from './metadata-error.ts'
import type { Answer, Call } from './transport.ts'

/**
 * Whether requests carry tokens: `hardened`, always; `auto`, unless the service knows no tokens (its
 * answer to the PUT is 404 or 405).
 */
export type MetadataMode = 'hardened' | 'auto'

/** The token of the moment. */
export interface Session {
  /**
   * Gives the token, asking for one if need be; callers at the same time share one request.
   * @param rejected a token that the service didn't take: it is not given again
   * @returns `undefined` in normal mode
   */
  token(rejected?: Rejected): Promise<string | undefined>
}

/** What a request carried in vain. */
export interface Rejected {
  readonly token: string | undefined
}

/** As bootstrap.sh asks for. A token that leaks is of no use for long. */
const TTL_SECONDS = 300
const RENEW_EARLY_SECONDS = 30
const TOKEN = /^[\x21-\x7e]{1,4096}$/

/** Makes a session. No request is sent before a token is asked for. */
export const createSession = (
  send: (call: Call) => Promise<Answer>,
  mode: MetadataMode,
  { elapsed }: Pick<Timing, 'elapsed'>,
): Session => {
  let current: { readonly token: string | undefined; readonly until: number } | undefined
  let pending: Promise<string | undefined> | undefined

  const tokenOf = ({ status, bytes }: Answer): string | undefined => {
    if (status === 404 || status === 405) {
      if (mode === 'auto') return undefined
      throw new MetadataError('the metadata service has no hardened mode', {
        code: 'no_hardened_mode',
        status,
        remedy: 'where that is expected, use the mode `auto`',
      })
    }
    if (status !== 200) {
      throw new MetadataError(`the metadata service gives no token (status ${status})`, {
        code: 'token_refused',
        status,
        remedy: 'it gives none to requests that came through a proxy (X-Forwarded-For)',
      })
    }
    const token = fromUtf8(bytes)?.replace(/\r?\n$/, '') ?? ''
    if (TOKEN.test(token)) return token
    throw new MetadataError('the metadata service answers with what is no token', {
      code: 'unexpected_answer',
      status,
    })
  }

  const renew = async (): Promise<string | undefined> => {
    const until = elapsed() + TTL_SECONDS - RENEW_EARLY_SECONDS
    const headers = { 'X-aliyun-ecs-metadata-token-ttl-seconds': String(TTL_SECONDS) }
    const token = tokenOf(await send({ target: '/latest/api/token', method: 'PUT', headers }))
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
