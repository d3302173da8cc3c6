// The door, from what the user typed.

import { isLoopback } from '../../base/issuer.ts'
import { usageError } from '../command-error.ts'
import { asText, readInput } from '../named-file.ts'
import { fetchFor } from '../proxy/proxied-fetch.ts'
import { DEFAULT_HEADERS, type Door, TOKEN_PLACE } from './door.ts'
import type { ProbeOptions } from './probe.ts'
import { parseUrl } from '../../base/url.ts'

/** Reads how tokens are shown. @throws CommandError if there is no place for the token, or no request can be made */
export const readDoor = async (url: string, options: ProbeOptions): Promise<Door> => {
  const { method, header, body } = options
  const parsed = parseUrl(url)
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    // Without the text, since a query or a password in it may be a secret.
    throw usageError('URL: expected https://HOST/PATH of the door')
  }
  const { origin, protocol, hostname, pathname, username, password, href } = parsed
  if (username !== '' || password !== '') throw usageError('URL: expected no user and no password')
  if (protocol === 'http:' && !isLoopback(hostname) && options.testIssuer === undefined) {
    throw usageError(
      'URL: http shows your tokens to the network; use https, or give --test-issuer, whose tokens open no other door',
    )
  }
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) {
    throw usageError(`--method: a request by ${method} has no body; leave out --body`)
  }
  const text = body && asText(await readInput(body, '--body'), body, '--body')
  const isInBody = text?.includes(TOKEN_PLACE) === true
  const headers = isInBody && header === DEFAULT_HEADERS ? [] : header
  if (!isInBody && !headers.some(([, value]) => value.includes(TOKEN_PLACE))) {
    throw usageError(`--header: expected ${TOKEN_PLACE} in a header or in the body, for the token`)
  }
  return {
    url: href,
    shown: `${origin}${pathname}`,
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers,
    body: text,
    fetch: await fetchFor(origin),
  }
}
