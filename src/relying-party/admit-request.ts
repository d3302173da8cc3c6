// Admits a request by the token that it shows, for any fetch handler: the headers read strictly, and the answer to a
// caller that is not admitted, who learns no more than the class of the reason.

import { TOKEN_ALGORITHMS } from '../token/algorithms.ts'
import type { EnrollmentClaims } from '../token/claims.ts'
import { TokenError, type TokenErrorCode, isTemporary } from './token-error.ts'
import type { ShownProof, TokenVerifier } from './verifier.ts'

/** The part of a request that is read. A `Request` has it; {@link fromNodeRequest} makes it of one of Node. */
export interface ShownRequest {
  /** Such as `GET`. */
  readonly method: string
  /** An absolute URL, or a path with or without a query. */
  readonly url: string
  /** The headers; two of one name are joined by a comma, as `Headers` does it. */
  readonly headers: {
    /** The value of a header; `null` if it is absent. @param name any case */
    get(name: string): string | null
  }
}

/** How to admit a request. */
export interface AdmitOptions {
  /** From `createTokenVerifier()`. */
  readonly verifier: TokenVerifier
  /** Unix seconds. Default: the platform's clock. */
  readonly now?: number | undefined
}

/** Whether a request is admitted. */
export type RequestAdmission = AdmittedRequest | RejectedRequest

/** The request is admitted. */
export interface AdmittedRequest {
  /** Tells the two outcomes apart. */
  readonly admitted: true
  /** The claims of its token. */
  readonly enrollment: EnrollmentClaims
}

/** The request is not admitted. */
export interface RejectedRequest {
  /** Tells the two outcomes apart. */
  readonly admitted: false
  /** Why, for the log. */
  readonly error: TokenError
  /** What to answer: 401, 403, or 503 if the token cannot be verified now. */
  readonly response: Response
}

const AUTHORIZATION = /^(Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)$/i

/** The token and the proof of a request. @throws TokenError */
const readHeaders = ({
  method,
  url,
  headers,
}: ShownRequest): { readonly token: string; readonly proof: ShownProof | undefined } => {
  const authorization = headers.get('Authorization')
  if (authorization === null) throw new TokenError('token_missing')
  const [, scheme, token] = AUTHORIZATION.exec(authorization) ?? []
  const value = headers.get('DPoP')
  // A proof beside `Bearer` would not be looked at, though its sender means it to protect the token.
  const isProved = scheme?.toLowerCase() === 'dpop'
  if (token === undefined || isProved !== (value !== null)) {
    throw new TokenError('authorization_malformed')
  }
  // Byte for byte, since the proof is made for the path as it was sent.
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#][^]*$/, '')
  return { token, proof: value === null ? undefined : { value, method, path: path || '/' } }
}

const NOT_ALLOWED: ReadonlySet<TokenErrorCode> = /* @__PURE__ */ new Set<TokenErrorCode>([
  'audience_mismatch',
  'role_not_allowed',
  'instance_not_matched',
])

const PROOF_ALGORITHMS = /* @__PURE__ */ TOKEN_ALGORITHMS.flatMap(({ names }) => names).join(' ')

/** `WWW-Authenticate` (RFC 6750 section 3, RFC 9449 section 7.1): the schemes that the verifier accepts. */
const challenges = (bound: TokenVerifier['bound'], code: string | undefined): string => {
  const error = code === undefined ? '' : `error="${code}"`
  const bearer = error === '' ? 'Bearer' : `Bearer ${error}`
  const dpop = `DPoP algs="${PROOF_ALGORITHMS}"${error === '' ? '' : `, ${error}`}`
  if (bound === 'refuse') return bearer
  return bound === 'require' ? dpop : `${bearer}, ${dpop}`
}

/** The answer names the class of the reason, and nothing of the token. */
const answer = (error: TokenError, bound: TokenVerifier['bound']): Response => {
  const { code } = error
  const [status, title, told] = isTemporary(error)
    ? [503, 'Service Unavailable', 'unavailable']
    : NOT_ALLOWED.has(code)
      ? [403, 'Forbidden', 'not_admitted']
      : [401, 'Unauthorized', code.startsWith('dpop_') ? 'invalid_dpop_proof' : 'invalid_token']
  // RFC 6750 section 3.1: the answer to a request without a token says how to show one, and names no error.
  const named = code === 'token_missing' ? undefined : told
  return new Response(JSON.stringify({ type: 'about:blank', title, status, code: told }), {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(status === 401 && { 'WWW-Authenticate': challenges(bound, named) }),
      ...(status === 503 && { 'Retry-After': '5' }),
    },
  })
}

/**
 * Admits a request by the token in its `Authorization` header, and the proof in its `DPoP` header.
 * @param request a `Request`; its body is not read
 * @param options the verifier, and the time
 * @returns the claims of the token; or why there are none, and what to answer
 * @example
 * ```ts
 * import { admitRequest, createTokenVerifier } from 'rollcall/relying-party'
 *
 * const issuer = 'https://rollcall.example'
 * const verifier = createTokenVerifier({ issuer, audience: 'https://cluster.example' })
 * const serve = async (request: Request): Promise<Response> => {
 *   const admission = await admitRequest(request, { verifier })
 *   if (!admission.admitted) return admission.response
 *   return new Response(`Hello ${admission.enrollment.ecs.instance_id}`)
 * }
 * const response = await serve(new Request('https://cluster.example/nodes'))
 * console.log(response.status, response.headers.get('WWW-Authenticate')) // 401 Bearer
 * ```
 * @see RFC 6750 (Bearer), RFC 9449 section 7 (DPoP)
 */
export const admitRequest = async (
  request: ShownRequest,
  options: AdmitOptions,
): Promise<RequestAdmission> => {
  const { verifier, now } = options
  try {
    const { token, proof } = readHeaders(request)
    return { admitted: true, enrollment: await verifier.verify(token, { proof, now }) }
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return { admitted: false, error, response: answer(error, verifier.bound) }
  }
}
