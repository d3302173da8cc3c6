// A request of Node's `http` or of Express, as it is admitted: with every header that came, since Node's `headers` keeps
// the first of two `Authorization` and drops the other.

import type { ShownRequest } from './admit-request.ts'

/** The part of Node's `IncomingMessage`, and of Express's `Request`, that is read. */
export interface NodeRequest {
  /** The method; absent on a message that is not a request. */
  readonly method?: string | undefined
  /** The target of the request. A router of Express cuts the front of it off. */
  readonly url?: string | undefined
  /** What Express keeps as it was. */
  readonly originalUrl?: string | undefined
  /** Names and values in turns. */
  readonly rawHeaders: readonly string[]
}

/**
 * Reads a request of Node's `http` or of Express for `admitRequest()`.
 * @param request its body is not read
 * @returns what `admitRequest()` takes
 * @example
 * ```ts
 * import { admitRequest, createTokenVerifier, fromNodeRequest } from 'rollcall/relying-party'
 *
 * const issuer = 'https://rollcall.example'
 * const verifier = createTokenVerifier({ issuer, audience: 'https://cluster.example' })
 * // As Node gives it to the handler of a server.
 * const request = { method: 'GET', url: '/nodes', rawHeaders: ['Authorization', 'Bearer x'] }
 * const admission = await admitRequest(fromNodeRequest(request), { verifier })
 * console.log(admission.admitted || admission.error.code) // token_malformed
 * ```
 */
export const fromNodeRequest = ({
  method = 'GET',
  url = '/',
  originalUrl = url,
  rawHeaders,
}: NodeRequest): ShownRequest => ({
  method,
  url: originalUrl,
  headers: {
    get(name) {
      const wanted = name.toLowerCase()
      const values = rawHeaders.filter(
        (_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === wanted,
      )
      return values.length === 0 ? null : values.join(', ')
    },
  },
})
