// A token in an answer of the service: of an enrollment, or of an exchange.

import { readUnverified } from '../token/unverified.ts'
import { parseJson } from './call.ts'

/** A token that the service has issued. */
export interface IssuedToken {
  /** A secret. */
  readonly accessToken: string
  /** `DPoP`: the token is bound to the key (RFC 9449). `Bearer`: it is not bound to a key. */
  readonly tokenType: 'Bearer' | 'DPoP'
  /** Lifetime, from `askedAt` on. */
  readonly expiresInSeconds: number
  /** When the token expires, in Unix seconds by the clock of the service: its `exp` claim. */
  readonly expiresAt: number
  /** When the token was asked for, by `timing.elapsed()`. */
  readonly askedAt: number
}

/** Whether a value is a whole number between two others. */
export const isWhole = (value: unknown, min: number, max: number): value is number =>
  Number.isInteger(value) && Number(value) >= min && Number(value) <= max

/** The members of a text that is a JSON object; none for any other text. */
export const membersOf = (text: string): Readonly<Record<string, unknown>> => {
  const value = parseJson(text)
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/**
 * Reads the token of an answer.
 * @param text the body of the answer
 * @param askedAt by `timing.elapsed()`
 * @returns `undefined` if the answer has no token
 */
export const readIssuedToken = (text: string, askedAt: number): IssuedToken | undefined => {
  const { access_token: token, token_type: type, expires_in: lifetime } = membersOf(text)
  // Without a signature it is no token of the service.
  if (typeof token !== 'string' || token.endsWith('.')) return undefined
  const exp = readUnverified(token)?.claims['exp']
  if (!isWhole(exp, 1, Number.MAX_SAFE_INTEGER)) return undefined
  if (type !== 'Bearer' && type !== 'DPoP') return undefined
  if (!isWhole(lifetime, 0, Number.MAX_SAFE_INTEGER)) return undefined
  return {
    accessToken: token,
    tokenType: type,
    expiresInSeconds: lifetime,
    expiresAt: exp,
    askedAt,
  }
}
