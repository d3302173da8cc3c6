// The address of a service: exactly its `ROLLCALL_ISSUER`.

import { checkCalledIssuer } from '../base/issuer.ts'
import { printable } from '../base/text.ts'
import { parseUrl } from '../base/url.ts'

const MAX_SHOWN_LENGTH = 200

/** The address for a message; empty if it may contain a secret. */
const shown = (text: string): string => {
  const url = text.length > MAX_SHOWN_LENGTH ? undefined : parseUrl(text)
  if (url === undefined) return ''
  const { username, password, search, hash } = url
  return username + password + search + hash === '' ? ` ${printable(JSON.stringify(text))}` : ''
}

/**
 * Checks the address of a service: `https://HOST[:PORT]`; `http` is for localhost only.
 * @param text the address
 * @param name what the message calls it. Default: `issuer`
 * @returns the text, unchanged
 * @throws RangeError for any other text; the message says what is wrong and what to write instead
 * @example
 * ```ts
 * import { requireIssuer } from 'rollcall/client'
 *
 * console.log(requireIssuer('https://rollcall.example')) // https://rollcall.example
 * try {
 *   requireIssuer('https://rollcall.example/')
 * } catch (error) {
 *   console.log(error instanceof RangeError) // true
 * }
 * ```
 * @see RFC 8414 section 2 (issuer)
 */
export const requireIssuer = (text: string, name = 'issuer'): string => {
  const checked = checkCalledIssuer(text)
  if (checked.ok) return text
  const value = checked.refusal.startsWith('"') ? '' : shown(text)
  throw new RangeError(`${name}:${value} ${checked.refusal}`)
}
