// The headers that every answer has.

/** Sets them; an answer that may be kept by others has its `Cache-Control` already. */
export const setCommonHeaders = (headers: Headers, requestId: string): void => {
  headers.set('X-Request-Id', requestId)
  headers.set('X-Content-Type-Options', 'nosniff')
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
}
