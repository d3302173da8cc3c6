// The service's name: an origin, written as it is parsed. The addresses in tokens, in discovery and in the
// clients are the issuer with a path behind it, so the service is at the root of its host. Pure. Messages show
// only an origin, which holds no secret.

import { type Result, accept, refuse } from './result.ts'
import { parseUrl } from './url.ts'

/** Whether a host name, as a URL or a socket has it, is this machine. */
export const isLoopback = (hostname: string): boolean =>
  /^(?:localhost|127(?:\.[0-9]{1,3}){3}|::1|\[::1\])$/.test(hostname)

/** Hosts of which no character means anything in a header, in JSON or to a shell. */
const PLAIN_HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])$/

/** What stands behind or before the origin, or how else it is not written as it is parsed. */
const difference = (
  text: string,
  { search, hash, username, password, pathname, hostname }: URL,
): string => {
  if (username !== '' || password !== '') return 'has a user name or password'
  if (search !== '') return 'has a query'
  if (hash !== '') return 'has a fragment'
  if (pathname !== '/') return 'has a path'
  if (/\s/.test(text)) return 'has white space'
  if (/[A-Z]/.test(text)) return 'has upper-case letters'
  const [, host] = /^https?:\/\/([^/?#]*?)(?::[0-9]*)?(?:[/?#].*)?$/.exec(text) ?? []
  if (host !== hostname) return 'has a host that is not in its usual form'
  if (/:[0-9]*$/.test(text)) return 'has a port that is the default or not in its shortest form'
  return 'is not written as browsers write it'
}

/**
 * Checks an issuer.
 * @returns the text, unchanged; a refusal says what is wrong with it and what to write instead
 */
export const checkIssuer = (text: string): Result<string, string> => {
  const url = parseUrl(text)
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return refuse('is not an http or https URL; write https://HOST or https://HOST:PORT')
  }
  if (!PLAIN_HOST.test(url.hostname)) {
    return refuse('has a host that is neither letters, digits, ".", "-" and "_" nor an address')
  }
  if (text === url.origin) return accept(text)
  if (text === `${url.origin}/`) return refuse(`"${text}" has a trailing slash; remove it`)
  return refuse(`${difference(text, url)}; write ${JSON.stringify(url.origin)}`)
}

/**
 * Checks the issuer of a service that is called over the network: `https`, or `http` on this machine.
 * @returns the text, unchanged; a refusal says what is wrong with it and what to write instead
 */
export const checkCalledIssuer = (text: string): Result<string, string> => {
  const checked = checkIssuer(text)
  if (!checked.ok) return checked
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || isLoopback(hostname)
    ? checked
    : refuse('is not encrypted; use https (http is for localhost only)')
}
