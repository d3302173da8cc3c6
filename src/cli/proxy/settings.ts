// Which proxy the calls of a service use, by the variables that curl reads, so that this command
// and bootstrap.sh use the same one.

import { isLoopback } from '../../base/issuer.ts'
import { usageError } from '../command-error.ts'
import { isExempt } from './no-proxy.ts'
import { parseUrl } from '../../base/url.ts'

/** A proxy. */
export interface Proxy {
  /** Its origin. Messages may show it: it contains no user name and no password. */
  readonly address: string
  /** Value of `Proxy-Authorization`, a secret, if the address had a user name. */
  readonly authorization?: string | undefined
}

/**
 * `direct`: without a proxy. `default`: no proxy is configured; use the `fetch` of the platform.
 */
export type Route = Proxy | 'direct' | 'default'

type Environment = Readonly<Record<string, string | undefined>>

/** In curl's order. An empty variable counts as unset. */
const FOR_HTTPS = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'] as const
/**
 * A service on http is on this machine, so it needs no proxy. But Deno's `fetch` would use these.
 */
const FOR_HTTP = ['http_proxy', 'HTTP_PROXY'] as const

/** curl's default ports of proxies. */
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '1080', 'https:': '443' }

const authorizationOf = (name: string, { username, password }: URL): string | undefined => {
  if (username === '' && password === '') return undefined
  try {
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return `Basic ${Buffer.from(login).toString('base64')}`
  } catch {
    throw usageError(
      `${name}: the login in the proxy's address has a "%" that is not encoded; write %25`,
    )
  }
}

/** Reads the address of a proxy. @throws CommandError that names the variable, never its value */
const readProxy = (name: string, text: string): Proxy => {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = parseUrl(full)
  if (url === undefined || url.hostname === '') {
    throw usageError(`${name}: its value is not the address of a proxy; write http://HOST:PORT`)
  }
  const port = DEFAULT_PORTS[url.protocol]
  if (port === undefined) {
    throw usageError(`${name}: the proxy must be one of http or https; write http://HOST:PORT`)
  }
  if (!/^[^/]*\/\/[^/?#]*:[0-9]+(?:[/?#]|$)/.test(full)) url.port = port
  return { address: url.origin, authorization: authorizationOf(name, url) }
}

/**
 * The proxy for a service.
 * @param issuer an origin
 * @throws CommandError for a variable that is not the address of a proxy
 */
export const routeTo = (issuer: string, env: Environment): Route => {
  const isSet = (name: string): boolean => (env[name] ?? '') !== ''
  if (![...FOR_HTTPS, ...FOR_HTTP].some(isSet)) return 'default'
  const { protocol, hostname } = new URL(issuer)
  const name = FOR_HTTPS.find(isSet)
  if (protocol !== 'https:' || name === undefined || isLoopback(hostname)) return 'direct'
  const exempt = env['no_proxy'] || env['NO_PROXY'] || ''
  return isExempt(hostname, exempt) ? 'direct' : readProxy(name, env[name] ?? '')
}
