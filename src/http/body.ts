// The body of a request, with a limit on its size and on the time that it takes. The size is
// counted while reading: a length that a client announces, or doesn't, proves nothing.

import { type Bytes, concatBytes } from '../bytes.ts'
import { RequestError } from './request-error.ts'

/** Longest body in bytes; evidence needs some 1,500. */
export const MAX_BODY_BYTES = 16_384

/** How long a body may take, in seconds. */
export const BODY_TIMEOUT_SECONDS = 10

/**
 * Where a body is read from, if not from the request itself: on Node the adapter's second argument, whose
 * `incoming` gives the body without a web stream between.
 */
export interface RequestSource {
  readonly incoming?: AsyncIterable<Uint8Array> | undefined
}

const tooLarge = (): RequestError => new RequestError('payload_too_large', 'body_too_large')

/**
 * Reads the whole body.
 * @param timeoutSeconds default {@link BODY_TIMEOUT_SECONDS}
 * @throws RequestError `payload_too_large`, `request_timeout`, `unsupported_media_type` (any
 *   `Content-Encoding`), `invalid_request` (the client broke off)
 */
export const readBody = async (
  request: Request,
  timeoutSeconds: number = BODY_TIMEOUT_SECONDS,
): Promise<Bytes> => {
  if (request.headers.has('Content-Encoding')) {
    throw new RequestError('unsupported_media_type', 'content_encoding')
  }
  if (Number(request.headers.get('Content-Length')) > MAX_BODY_BYTES) throw tooLarge()
  if (request.body === null) return new Uint8Array()

  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new RequestError('request_timeout', 'body_timeout')),
      timeoutSeconds * 1000,
    )
  })
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), timeout])
      if (done) return concatBytes(...chunks)
      length += value.length
      if (length > MAX_BODY_BYTES) throw tooLarge()
      chunks.push(value)
    }
  } catch (error) {
    // Not awaited: a client that stalls must not hold the answer back as well.
    void reader.cancel().catch(() => undefined)
    if (error instanceof RequestError) throw error
    throw new RequestError('invalid_request', 'body_malformed', 'The body broke off')
  } finally {
    clearTimeout(timer)
  }
}
