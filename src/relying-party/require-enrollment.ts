// Middleware for Hono: only requests with an admitted token come through. The only file here that knows Hono, and it
// imports types alone, so that nobody else loads it.

import type { MiddlewareHandler } from 'hono'
import type { EnrollmentClaims } from '../token/claims.ts'
import { admitRequest } from './admit-request.ts'
import type { TokenError } from './token-error.ts'
import type { TokenVerifier } from './verifier.ts'

/** The environment of Hono that {@link requireEnrollment} needs. */
export type EnrollmentEnv = {
  /** What it sets on the context. */
  Variables: EnrollmentVariables
}

/** What {@link requireEnrollment} sets on the context of a request. */
export interface EnrollmentVariables {
  /** The claims of the admitted token. */
  readonly enrollment: EnrollmentClaims
}

/** How requests are admitted. */
export interface RequireEnrollmentOptions {
  /** From `createTokenVerifier()`. */
  readonly verifier: TokenVerifier
  /** Is called with each refusal, for the log. Default: nothing. */
  readonly onRefusal?: ((error: TokenError) => void) | undefined
}

/**
 * Makes middleware for Hono that admits requests by their token, as `admitRequest()` does. The claims are
 * `context.var.enrollment`; a request without an admitted token is answered here.
 * @param options the verifier, and what to call with each refusal
 * @returns the middleware
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { createTokenVerifier, requireEnrollment } from 'rollcall/relying-party'
 *
 * const verifier = createTokenVerifier({
 *   issuer: 'https://rollcall.example',
 *   audience: 'https://cluster.example',
 * })
 * const app = new Hono()
 *   .use('/nodes/*', requireEnrollment({ verifier }))
 *   .get('/nodes/me', (context) => context.json(context.var.enrollment.ecs))
 * console.log((await app.request('/nodes/me')).status) // 401
 * ```
 */
export const requireEnrollment =
  ({ verifier, onRefusal }: RequireEnrollmentOptions): MiddlewareHandler<EnrollmentEnv> =>
  async (context, next) => {
    const admission = await admitRequest(context.req.raw, { verifier })
    if (!admission.admitted) {
      onRefusal?.(admission.error)
      return admission.response
    }
    context.set('enrollment', admission.enrollment)
    return next()
  }
