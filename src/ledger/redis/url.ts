// The URL of a Redis ledger, read strictly: whatever it says twice, or says that nobody would act on, is
// refused at start. No message holds the user name or the password.

import { parseUrl } from '../../base/url.ts'

/** What a URL says. */
export interface RedisTarget {
  /** `rediss://`: TLS, certificates verified. */
  readonly secure: boolean
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  /** 0 in a cluster, which has no other. */
  readonly database: number
  /** What all keys begin with. */
  readonly prefix: string
  readonly cluster: boolean
  /** Whether a server without an append-only file is used, with a warning. */
  readonly allowUnsafe: boolean
}

const PARAMETERS: ReadonlySet<string> = new Set(['prefix', 'cluster', 'allow-unsafe'])
const DEFAULT_PORT = 6379
const DEFAULT_PREFIX = 'rollcall:'
const PREFIX = /^[A-Za-z0-9:._-]{1,64}$/
const HOST = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])$/
const DATABASE = /^\/(?:0|[1-9][0-9]{0,4})$/
const FORM = 'expected redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], rediss:// for TLS'

const refuse = (message: string): never => {
  throw new RangeError(message)
}

/** @throws RangeError */
const decode = (text: string): string | undefined => {
  try {
    return text === '' ? undefined : decodeURIComponent(text)
  } catch {
    return refuse('the user name or password has a % that is not part of %XX; write it as %25')
  }
}

const isTrue = (found: ReadonlyMap<string, string>, name: string): boolean => {
  const text = found.get(name)
  if (text === undefined || text === 'true') return text === 'true'
  return refuse(`${name}: expected ${name}=true, or leave the parameter out`)
}

const readQuery = (
  query: URLSearchParams,
): { readonly prefix?: string; readonly cluster: boolean; readonly allowUnsafe: boolean } => {
  const found = new Map<string, string>()
  for (const [name, value] of query) {
    if (!PARAMETERS.has(name)) {
      // Not the name that was found: behind a ? that was not encoded stands a part of the password.
      refuse('unknown parameter; expected prefix, cluster or allow-unsafe')
    }
    if (found.has(name)) refuse(`the parameter ${name} occurs twice`)
    found.set(name, value)
  }
  const prefix = found.get('prefix')
  return {
    ...(prefix !== undefined && { prefix }),
    cluster: isTrue(found, 'cluster'),
    allowUnsafe: isTrue(found, 'allow-unsafe'),
  }
}

/**
 * Reads `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=PREFIX&cluster=true&allow-unsafe=true]`;
 * `rediss://` for TLS. User name and password are percent-decoded. Port 6379, database 0 and the prefix `rollcall:`
 * where it doesn't say others.
 * @param instead takes the place of what the query says
 * @throws RangeError with what to write instead; never with the password
 */
export const parseRedisUrl = (
  text: string,
  instead: { readonly prefix?: string | undefined; readonly cluster?: boolean | undefined } = {},
): RedisTarget => {
  // What `URL` would drop or repair in silence.
  if (!/^rediss?:\/\/[!-~]+$/.test(text)) return refuse(FORM)
  if (text.includes('#')) return refuse('a # is not allowed; in a password write it as %23')
  const url = parseUrl(text)
  if (url === undefined) return refuse(`${FORM}; in a password write / ? # @ : % as %XX`)
  if (!HOST.test(url.hostname)) return refuse(`the host is missing or malformed; ${FORM}`)
  if (url.port === '0') return refuse('the port: expected a whole number from 1 to 65535')
  const username = decode(url.username)
  const password = decode(url.password)
  if (username !== undefined && password === undefined) {
    return refuse('a user name without a password; a password alone is written :PASSWORD@HOST')
  }
  if (!/^\/?$/.test(url.pathname) && !DATABASE.test(url.pathname)) {
    return refuse('the path: expected the number of a database, as in redis://HOST/1')
  }
  const query = readQuery(url.searchParams)
  const prefix = instead.prefix ?? query.prefix ?? DEFAULT_PREFIX
  const cluster = instead.cluster ?? query.cluster
  const database = Number(url.pathname.slice(1))
  if (!PREFIX.test(prefix)) return refuse('prefix: expected 1 to 64 characters A-Z a-z 0-9 : . _ -')
  if (cluster && database !== 0) return refuse('a cluster has the database 0 only')
  return {
    secure: url.protocol === 'rediss:',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || DEFAULT_PORT),
    username,
    password,
    database,
    prefix,
    cluster,
    allowUnsafe: query.allowUnsafe,
  }
}
