// The headers of every answer, and the request id that one of them shows.

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/**
 * The id of a request, for its answer and its audit event: the caller's `X-Request-Id` if it is 1 to 64 characters that
 * are safe in a log line, else a random UUID.
 * @param platformRequestId takes the place of an `X-Request-Id` that is absent
 */
export const requestIdOf = ({ headers }: Request, platformRequestId?: string): string => {
  const given = headers.get('X-Request-Id') ?? platformRequestId
  return given !== undefined && REQUEST_ID.test(given) ? given : crypto.randomUUID()
}

/** Headers by their names in lower case. */
export type PlainHeaders = Record<string, string>

/**
 * The headers of an answer: those of every answer, and its own. They are a plain object, because the server on Node
 * writes one as it is and would first have to read `Headers`.
 * @param own a `cache-control` in it replaces the default, `no-store`
 */
export const headersWith = (requestId: string, own: Readonly<PlainHeaders>): PlainHeaders => ({
  'cache-control': 'no-store',
  ...own,
  'x-content-type-options': 'nosniff',
  'x-request-id': requestId,
})

/** Adds the headers of every answer to one that somebody else made. */
export const addCommonHeaders = (headers: Headers, requestId: string): void => {
  const cacheControl = headers.get('cache-control')
  const own = cacheControl === null ? {} : { 'cache-control': cacheControl }
  for (const [name, value] of Object.entries(headersWith(requestId, own))) headers.set(name, value)
}
