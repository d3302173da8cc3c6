// Reads a signed token without verifying it: for its owner, who wants to know when it expires or for whom it is. Never
// for deciding whether somebody is admitted.

import { fromBase64Url, fromUtf8 } from '../base/bytes.ts'
import { parseUniqueJson } from '../base/json.ts'
import type { Members } from './jws.ts'

/** What a token says; anybody may have written it. */
export interface UnverifiedToken {
  readonly header: Members
  readonly claims: Members
}

const membersOf = (part: string | undefined): Members | undefined => {
  const bytes = fromBase64Url(part ?? '')
  const parsed = parseUniqueJson((bytes && fromUtf8(bytes)) ?? '')
  const value = parsed.ok ? parsed.value : undefined
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Members)
    : undefined
}

/**
 * Reads a token in compact form (RFC 7515 section 7.1) without verifying its signature.
 * @returns `undefined` for a text of another form
 */
export const readUnverified = (token: string): UnverifiedToken | undefined => {
  const parts = token.split('.')
  const [header, claims] = [membersOf(parts[0]), membersOf(parts[1])]
  const isWhole = parts.length === 3 && /^[A-Za-z0-9_-]+$/.test(parts[2] ?? '')
  if (!isWhole || header === undefined || claims === undefined) return undefined
  return { header, claims }
}
