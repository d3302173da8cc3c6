// Reads a signed token without verifying it: for its owner, who wants to know when it expires or for whom it is. Never
// for deciding whether somebody is admitted.

import { type Members, readPart } from './jws.ts'

/** What a token says; anybody may have written it. */
export interface UnverifiedToken {
  readonly header: Members
  readonly claims: Members
}

/**
 * Reads a token in compact form (RFC 7515 section 7.1) without verifying its signature.
 * @returns `undefined` for a text of another form; the signature may be anything in base64url, also missing
 */
export const readUnverified = (token: string): UnverifiedToken | undefined => {
  const [head = '', payload = '', signature, ...more] = token.split('.')
  const [header, claims] = [readPart(head), readPart(payload)]
  const isWhole = more.length === 0 && /^[A-Za-z0-9_-]*$/.test(signature ?? '?')
  if (!isWhole || header === undefined || claims === undefined) return undefined
  return { header, claims }
}
