// Why a call of a service had no answer, derived from the error of `fetch`.

import { isTimeout } from '../base/timing.ts'
import { printable } from '../base/text.ts'
import { type ConnectionFailure, connectionFailure } from './connection-failure.ts'
import { ProxyError } from './proxy-error.ts'
import { parseUrl } from '../base/url.ts'

/** Why there was no answer, and whether a retry may get one. */
export type NoAnswer = ConnectionFailure

/** The call without an answer. */
export interface FailedCall {
  readonly url: string
  /** Limit of the call, in seconds. */
  readonly timeoutSeconds: number
  /** This machine's clock, Unix seconds. */
  readonly now: number
}

const MAX_CAUSES = 6

/**
 * An error and its causes, the outermost first. If several addresses were tried, the first one is
 * used.
 */
const causesOf = (error: unknown): readonly Error[] => {
  const causes: Error[] = []
  for (let at = error; at instanceof Error && causes.length < MAX_CAUSES;) {
    causes.push(at)
    const { errors } = at as Partial<AggregateError>
    at = Array.isArray(errors) && errors.length > 0 ? (errors[0] as unknown) : at.cause
  }
  return causes
}

const codeOf = ({ code }: Error & { readonly code?: unknown }): string | undefined =>
  typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : undefined

const failureOf = (error: unknown, { url, timeoutSeconds, now }: FailedCall): ConnectionFailure => {
  const causes = causesOf(error)
  if (causes.some(isTimeout)) {
    return {
      code: 'unreachable',
      detail: `no answer within ${timeoutSeconds} s`,
      remedy: 'check the network: name, route, security group, firewall',
      passes: true,
    }
  }
  const code = causes.map(codeOf).findLast((it) => it !== undefined)
  const words = causes.map(({ message }) => message).join('\n')
  return connectionFailure(code, words, { url: new URL(url), now })
}

const CHECK_PROXY = 'check the address of the proxy; hosts in NO_PROXY are called without it'

const LOGIN_REMEDY = 'give it in the address of the proxy: http://USER:PASSWORD@HOST:PORT'

/**
 * What the answer of a proxy to CONNECT means, and what to do. Some proxies answer a wrong login
 * with 401.
 */
const PROXY_ANSWERS: Readonly<Record<number, readonly [meaning: string, remedy: string]>> = {
  403: [
    'it does not allow this address',
    'have the proxy allow the address, or name its host in NO_PROXY',
  ],
  401: ['it does not accept the login', LOGIN_REMEDY],
  407: ['it requires a login', LOGIN_REMEDY],
}
const PROXY_FAILED = [
  'it cannot reach the service',
  'the log of the proxy says more; hosts in NO_PROXY are called without it',
] as const

const proxyRefused = (proxy: string, status: number | undefined): NoAnswer => {
  const [meaning, remedy] = PROXY_ANSWERS[status ?? 0] ?? PROXY_FAILED
  const answer = status === undefined ? '' : `: ${status}, ${meaning}`
  return {
    code: 'proxy_failed',
    detail: `${proxy} refused the connection${answer}`,
    remedy,
    // A wrong login must not be repeated: some directories would lock the account.
    passes: status !== 401 && status !== 407,
  }
}

/** How platforms report that a proxy opened no connection, without a {@link ProxyError}. */
const PROXY_WORDS =
  /Proxy response \((\d{3})\)|proxy authentication required|unsuccessful tunnel|eof while tunneling/

const proxyFailure = (error: unknown, call: FailedCall): NoAnswer | undefined => {
  const causes = causesOf(error)
  const known = causes.find((it) => it instanceof ProxyError)
  if (known === undefined) {
    const said = PROXY_WORDS.exec(causes.map(({ message }) => message).join('\n'))
    if (said === null) return undefined
    const [words, status] = said
    if (status !== undefined) return proxyRefused('the proxy', Number(status))
    return proxyRefused('the proxy', words.includes('authentication') ? 407 : undefined)
  }
  const proxy = `the proxy ${printable(known.proxy)}`
  if (known.cause === undefined) return proxyRefused(proxy, known.status)
  const url = parseUrl(known.proxy) === undefined ? call.url : known.proxy
  const { detail, passes } = failureOf(known.cause, { ...call, url })
  return { code: 'proxy_failed', detail: `${proxy}: ${detail}`, remedy: CHECK_PROXY, passes }
}

/** What an error of `fetch` means. */
export const noAnswer = (error: unknown, call: FailedCall): NoAnswer =>
  proxyFailure(error, call) ?? failureOf(error, call)
