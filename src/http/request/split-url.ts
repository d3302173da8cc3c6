// The parts of a request's URL. The platforms give it serialized (WHATWG URL, section 4.5), in which the first `/` behind
// the host, `?` and `#` have one meaning each, so it needs no parser: the router reads the path from the same text.

/** The parts of a URL behind its host. */
export interface UrlParts {
  /** From its slash on. */
  readonly path: string
  /** Without its question mark; empty if there is none. */
  readonly query: string
  /** Without its number sign; empty if there is none. */
  readonly fragment: string
}

/**
 * Splits the URL of a request.
 * @param url absolute and serialized, as `Request.url` is
 */
export const splitUrl = (url: string): UrlParts => {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const hash = url.indexOf('#', start)
  const end = hash < 0 ? url.length : hash
  const mark = url.indexOf('?', start)
  const pathEnd = mark < 0 || mark > end ? end : mark
  return {
    path: url.slice(start, pathEnd),
    query: url.slice(pathEnd + 1, end),
    fragment: url.slice(end + 1),
  }
}
