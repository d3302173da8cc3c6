// The address of a service as it is typed: its issuer, to the letter.

import { usageError } from './exit-status.ts'

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/

/**
 * Checks the address of a service.
 * @param name what it is called in the usage, for messages
 * @throws CommandError
 */
export const checkServiceAddress = (text: string, name: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.origin !== text) {
    throw usageError(
      `${name}: expected https://HOST or https://HOST:PORT, in lower case, nothing behind it`,
    )
  }
  const secure = url.protocol === 'https:'
  if (!secure && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    throw usageError(`${name}: expected https; http is for this machine only`)
  }
  return text
}
