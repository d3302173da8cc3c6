// The headers of every answer, and the request id that one of them shows.

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/**
 * The id of a request, for its answer and its audit event: the caller's `X-Request-Id` if it is
 * 1 to 64 characters that are safe in a log line, else a random UUID.
 */
export const requestIdOf = ({ headers }: Request): string => {
  const given = headers.get('X-Request-Id')
  return given !== null && REQUEST_ID.test(given) ? given : crypto.randomUUID()
}

/** Sets the headers of every answer. A `Cache-Control` that is already set stays; default: `no-store`. */
export const setCommonHeaders = (headers: Headers, requestId: string): void => {
  headers.set('X-Request-Id', requestId)
  headers.set('X-Content-Type-Options', 'nosniff')
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
}
