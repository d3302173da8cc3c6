// Paths of items, as people and programs write them.

/** A segment that can't lead anywhere but below its folder. */
const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._:@=+-]{1,128}$/
const MAX_SEGMENTS = 12

/**
 * The path below the version. Both `meta-data/mac` and what the documentation writes
 * (`/latest/meta-data/mac`, `/meta-data/mac`) are taken; a slash at the end stays.
 * @throws RangeError for anything that is not a plain path
 */
export const readPath = (text: string): string => {
  const path = text.replace(/^\//, '').replace(/^(?:latest|2016-01-01)(?:\/|$)/, '')
  const segments = path.replace(/\/$/, '').split('/')
  const isPlain = segments.length <= MAX_SEGMENTS && segments.every((name) => SEGMENT.test(name))
  if (path === '' || isPlain) return path
  throw new RangeError(
    `path: expected names and slashes, as in meta-data/mac, got ${JSON.stringify(text.slice(0, 100))}`,
  )
}

const parseUrl = (text: string): URL | undefined => {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/** The base URL without slashes at its end. @throws RangeError unless it is a plain http(s) URL */
export const readBaseUrl = (text: string): string => {
  const url = parseUrl(text)
  const isPlain =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    [url.search, url.hash, url.username, url.password].every((part) => part === '')
  if (isPlain) return url.href.replace(/\/+$/, '')
  throw new RangeError(`baseUrl: expected an http URL without a query, got ${text}`)
}
