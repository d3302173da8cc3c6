// `ROLLCALL_ISSUER`: the public URL of the service, which stands in tokens, headers and scripts exactly as it is
// written. Messages show only what cannot hold a secret: an origin.

import { ConfigurationError } from '../errors.ts'

const refuse = (message: string): never => {
  throw new ConfigurationError([message])
}

/** Hosts of which no character means anything in a header, in JSON or to a shell. */
const PLAIN_HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])$/
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/
/** Names that are reserved for examples (RFC 6761 sections 6.4 and 6.5) and lead nowhere. */
const PLACEHOLDER = /(?:^|\.)(?:example|invalid)\.?$/

/** Whether an issuer that was accepted can be reached from its own machine only. */
export const isLoopback = (issuer: string): boolean => LOOPBACK.test(new URL(issuer).hostname)

/** What stands behind or before the origin, or how else it is not written as it is parsed. */
const difference = (text: string, { search, hash, username, password, pathname }: URL): string => {
  if (username !== '' || password !== '') return 'has a user name or password'
  if (search !== '') return 'has a query'
  if (hash !== '') return 'has a fragment'
  if (pathname !== '/') return 'has a path'
  if (/\s/.test(text)) return 'has white space'
  if (/[A-Z]/.test(text)) return 'has upper-case letters'
  if (/:[0-9]*$/.test(text)) return 'has a port that is the default or not in its shortest form'
  return 'is not written as browsers write it'
}

/**
 * Reads an issuer.
 * @returns the text, unchanged
 * @throws ConfigurationError, whose message says what to write instead
 */
export const parseIssuer = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return refuse('is not an http or https URL; write https://HOST or https://HOST:PORT')
  }
  const shown = JSON.stringify(url.origin)
  if (!PLAIN_HOST.test(url.hostname)) {
    return refuse('has a host that is neither letters, digits, ".", "-" and "_" nor an address')
  }
  if (text === `${url.origin}/`) return refuse(`"${text}" has a trailing slash; remove it`)
  if (text !== url.origin) return refuse(`${difference(text, url)}; write ${shown}`)
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    return refuse(`${shown} is not encrypted; use https (http is for localhost only)`)
  }
  if (PLACEHOLDER.test(url.hostname)) {
    return refuse(`${shown} is a placeholder; set the URL at which instances reach this service`)
  }
  return text
}
