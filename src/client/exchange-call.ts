// The call of a token exchange (RFC 8693), and how its answers are read. It is made once; `exchange.ts` repeats it.

import { printable } from '../base/text.ts'
import { JWT_TOKEN_TYPE, TOKEN_EXCHANGE_GRANT, TOKEN_PATH } from '../base/wire/token-exchange.ts'
import { readUnverified } from '../token/unverified.ts'
import { type Failure, type Reading, readingOf } from './answer.ts'
import { type Answer, type Reach, callService } from './call.ts'
import { ClientError } from './client-error.ts'
import type { DpopKey } from './dpop-key.ts'
import { type IssuedToken, membersOf, readIssuedToken } from './issued-token.ts'

/** What is exchanged, and for what. */
export interface ExchangePurpose extends Reach {
  /** The service's name and address, exactly. */
  readonly issuer: string
  /** The enrollment token, bound to `dpopKey`. It is sent to its own issuer only. */
  readonly accessToken: string
  /** The key that the token is bound to. */
  readonly dpopKey: DpopKey
}

/** A token in exchange for an enrollment token. */
export interface Exchanged extends IssuedToken {
  /** The only audience of the token. */
  readonly audience: string
}

/** What is asked for: one audience, by either name of it. */
export type Target = readonly ['audience' | 'resource', string]

const JSON_TYPE = 'application/json'

/** Asks once. Each attempt needs a proof of its own. @param now Unix seconds, for the proof */
export const askForExchange = async (
  purpose: ExchangePurpose,
  [name, audience]: Target,
  now: number,
): Promise<Reading> => {
  const { issuer, accessToken, dpopKey } = purpose
  const url = issuer + TOKEN_PATH
  const body = new URLSearchParams({
    grant_type: TOKEN_EXCHANGE_GRANT,
    subject_token: accessToken,
    subject_token_type: JWT_TOKEN_TYPE,
    [name]: audience,
  })
  const dpop = await dpopKey.prove({ method: 'POST', uri: url, accessToken, now })
  const headers = { Accept: JSON_TYPE, DPoP: dpop }
  return readingOf(await callService({ url, body, headers }, purpose), JSON_TYPE)
}

/** The error answer of an OAuth call (RFC 6749 section 5.2). */
export interface OAuthRefusal {
  readonly error: string
  /** A sentence for people. */
  readonly description: string
  readonly requestId: string
  readonly answer: Answer
}

const ERROR = /^[a-z_]{1,64}$/
const MAX_DESCRIPTION = 300
const MAX_REQUEST_ID = 64

/** Reads an error answer. @returns `undefined` for any other failure, also for a portal that answers in JSON */
export const oauthRefusalOf = (failure: Failure): OAuthRefusal | undefined => {
  if (failure.kind !== 'foreign') return undefined
  const { answer } = failure
  const { status, headers, text } = answer
  const type = headers.get('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase()
  // Each answer of the service has a request id.
  const requestId = headers.get('X-Request-Id') ?? ''
  if ((status !== 400 && status !== 401) || type !== JSON_TYPE || requestId === '') return undefined
  const { error, error_description: said } = membersOf(text)
  if (typeof error !== 'string' || !ERROR.test(error)) return undefined
  return {
    error,
    description: typeof said === 'string' ? printable(said).slice(0, MAX_DESCRIPTION) : '',
    requestId: printable(requestId).slice(0, MAX_REQUEST_ID),
    answer,
  }
}

/**
 * Reads the new token.
 * @param askedAt by `timing.elapsed()`
 * @throws ClientError `token_malformed` if the token is not as requested
 */
export const readExchanged = (
  { issuer }: ExchangePurpose,
  [, audience]: Target,
  { text, status }: Answer,
  askedAt: number,
): Exchanged => {
  const token = readIssuedToken(text, askedAt)
  const aud = token && readUnverified(token.accessToken)?.claims['aud']
  const isOfOne = Array.isArray(aud) && aud.length === 1 && aud[0] === audience
  if (token === undefined || !isOfOne) {
    const what = token === undefined ? 'not with a token' : 'with a token of another audience'
    const details = { code: 'token_malformed', remedy: 'check the address', status } as const
    throw new ClientError(`${issuer} answers, but ${what}`, details)
  }
  return { ...token, audience }
}
