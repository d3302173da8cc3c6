// The name of one request, in its answer and in its audit event.

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/** The caller's `X-Request-Id` if it is fit for a log line, else a new one. */
export const requestIdOf = ({ headers }: Request): string => {
  const given = headers.get('X-Request-Id')
  return given !== null && REQUEST_ID.test(given) ? given : crypto.randomUUID()
}
