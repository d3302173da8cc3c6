// The request that a proxy asks about, as the proxy tells it: which DPoP proof belongs to it (RFC 9449 section 4.3).

import { type Result, accept, refuse } from '../base/result.ts'

/** The headers of a proxy, each as all of its values joined. */
export interface ForwardedRequest {
  /** `X-Forwarded-Method`. */
  readonly method: string | undefined
  /** `X-Forwarded-Uri`: path and query as the client sent them. */
  readonly uri: string | undefined
}

/** What a proof must be of. */
export interface ForwardedTarget {
  /** `htm`. */
  readonly method: string
  /** `htu`: the origin with the path behind it, byte for byte. */
  readonly uri: string
}

// No comma and no space: of a header that came twice, the values are joined by both.
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/
// No space either. A comma may be in a path; then it is in the `htu` of the proof, too.
const PATH_AND_QUERY = /^(\/[!"$->@-~]*)(?:[?#][!-~]*)?$/

/**
 * Reads what a proxy tells. No other forwarded header is read: clients can set them.
 * @param origin of the proxy, from the configuration
 * @returns a refusal if a header is missing, came twice, or is no method and no path
 */
export const readForwarded = (
  { method, uri }: ForwardedRequest,
  origin: string,
): Result<ForwardedTarget, 'forwarded_request_malformed'> => {
  const path = PATH_AND_QUERY.exec(uri ?? '')?.[1]
  return method !== undefined && METHOD.test(method) && path !== undefined
    ? accept({ method, uri: origin + path })
    : refuse('forwarded_request_malformed')
}
