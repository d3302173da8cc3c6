// The address of a service: its issuer, to the letter.

import { checkIssuer, isLoopback } from '../base/issuer.ts'

/**
 * Checks the address of a service.
 * @param name what it is called, for the message
 * @throws RangeError unless it is `https://HOST` or `https://HOST:PORT`; `http` is for this machine only
 */
export const requireIssuer = (text: string, name = 'issuer'): string => {
  if (!checkIssuer(text).ok) {
    throw new RangeError(
      `${name}: expected https://HOST or https://HOST:PORT, in lower case, nothing behind it`,
    )
  }
  const { protocol, hostname } = new URL(text)
  if (protocol !== 'https:' && !isLoopback(hostname)) {
    throw new RangeError(`${name}: expected https; http is for this machine only`)
  }
  return text
}
