// The address of a service: its issuer, to the letter.

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/

/**
 * Checks the address of a service.
 * @param name what it is called, for the message
 * @throws RangeError unless it is `https://HOST` or `https://HOST:PORT`; `http` is for this machine only
 */
export const checkIssuer = (text: string, name = 'issuer'): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.origin !== text) {
    throw new RangeError(
      `${name}: expected https://HOST or https://HOST:PORT, in lower case, nothing behind it`,
    )
  }
  const isSecure = url.protocol === 'https:'
  if (!isSecure && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    throw new RangeError(`${name}: expected https; http is for this machine only`)
  }
  return text
}
