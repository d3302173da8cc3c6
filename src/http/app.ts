// The service as a Hono app: requests to the enroller, its answers to HTTP. Nothing is decided
// here, and nothing of the runtime is known here.

import type { Context } from 'hono'
import { accepts } from 'hono/accepts'
import { Hono } from 'hono/tiny'
import type { Enroller, EnrollmentFacts } from '../enroll/enroller.ts'
import { ROLE_PATTERN } from '../policy/policy.ts'
import { discoveryDocument } from '../token/discovery.ts'
import { type AuditEvent, auditEvent, auditLine } from './audit.ts'
import { bootstrapScript } from './bootstrap-script.ts'
import { setCommonHeaders } from './common-headers.ts'
import { openApiDocument } from './openapi.ts'
import { type ProblemCode, problemResponse } from './problems.ts'
import { type ReadRequestOptions, readRequest, refuseKeyBinding } from './read-request.ts'
import { RequestError } from './request-error.ts'
import { requestIdOf } from './request-id.ts'
import { ChallengeRequest, EnrollRequest } from './schemas.ts'

/** What the service is made of. */
export interface AppOptions extends ReadRequestOptions {
  readonly enroller: Enroller
  /** Takes each audit event. Default: one line of JSON to `console.log`. */
  readonly audit?: (event: AuditEvent) => void
  /** Unix seconds. Default: the platform's clock. */
  readonly clock?: () => number
}

type Env = { Variables: { requestId: string } }

/** What a POST came to: an answer or a refusal, and what the operator is told of it. */
type Outcome =
  | { readonly response: Response; readonly facts: EnrollmentFacts }
  | { readonly code: ProblemCode; readonly title?: string; readonly facts: AuditFacts }
type AuditFacts = Omit<EnrollmentFacts, 'reason'> & { readonly reason?: string | undefined }

const PUBLIC_CACHE = 'public, max-age=300'

const answer = (body: string, type: string): Response =>
  new Response(body, { headers: { 'Content-Type': type } })

const outcomeOf = (error: unknown): Outcome => {
  if (!(error instanceof RequestError)) {
    // Its name and no more: what an unknown error says may hold anything.
    return {
      code: 'internal_error',
      facts: { reason: error instanceof Error ? error.name : undefined },
    }
  }
  const { code, reason, field, message } = error
  return { code, facts: { reason, field }, ...(message !== '' && { title: message }) }
}

/**
 * Creates the service's app.
 * @example
 * ```ts
 * import { createApp } from 'rollcall/http'
 *
 * export default createApp({ enroller })
 * ```
 */
export const createApp = (options: AppOptions): Hono<Env> => {
  const { enroller } = options
  const { issuer, signingKeys } = enroller
  const clock = options.clock ?? (() => Math.floor(Date.now() / 1000))
  // oxlint-disable-next-line no-console -- standard output is where audit events belong
  const audit = options.audit ?? ((event) => console.log(auditLine(event)))

  const app = new Hono<Env>()
  const refuse = (
    context: Context<Env>,
    code: ProblemCode,
    more: { readonly title?: string | undefined; readonly allow?: string } = {},
  ): Response => problemResponse({ code, issuer, requestId: context.get('requestId'), ...more })

  app.use(async (context, next) => {
    const requestId = requestIdOf(context.req.raw)
    context.set('requestId', requestId)
    // The router takes a slash at the end for nothing; to us it is another address.
    if (context.req.path.endsWith('/')) context.res = refuse(context, 'not_found')
    else await next()
    setCommonHeaders(context.res.headers, requestId)
  })

  /** A POST that is answered and audited whatever happens. */
  const post = (
    path: string,
    event: AuditEvent['event'],
    handle: (context: Context<Env>) => Promise<Outcome>,
  ): void => {
    app.post(path, async (context) => {
      const started = performance.now()
      const outcome = await handle(context).catch(outcomeOf)
      const refused = 'code' in outcome
      const { reason, ...facts } = outcome.facts
      audit(
        auditEvent({
          event,
          requestId: context.get('requestId'),
          outcome: !refused ? 'issued' : isError(outcome.code) ? 'error' : 'refused',
          code: refused ? outcome.code : undefined,
          reason,
          facts,
          now: clock(),
          durationMs: performance.now() - started,
        }),
      )
      return refused ? refuse(context, outcome.code, { title: outcome.title }) : outcome.response
    })
  }

  const wants = (context: Context<Env>, type: string): boolean => {
    const json = 'application/json'
    return accepts(context, { header: 'Accept', supports: [json, type], default: json }) === type
  }

  post('/v1/challenge', 'challenge', async (context) => {
    const fields = await readRequest(context.req.raw, ChallengeRequest, options)
    if (fields.dpop_jkt !== undefined) refuseKeyBinding()
    const { audience, expiresIn } = await enroller.challenge(fields, clock())
    const response = wants(context, 'text/plain')
      ? answer(audience, 'text/plain; charset=utf-8')
      : Response.json({ audience, expires_in: expiresIn })
    return { response, facts: { role: fields.role } }
  })

  post('/v1/enroll', 'enroll', async (context) => {
    const fields = await readRequest(context.req.raw, EnrollRequest, options)
    const enrollment = await enroller.enroll(fields, clock())
    if (!enrollment.ok) return { code: enrollment.code, facts: enrollment.facts }
    const { accessToken, tokenType, expiresIn, role, facts } = enrollment
    const response = wants(context, 'application/jwt')
      ? answer(accessToken, 'application/jwt')
      : Response.json({
          access_token: accessToken,
          token_type: tokenType,
          expires_in: expiresIn,
          issued_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          role,
        })
    return { response, facts }
  })

  const cached = { 'Cache-Control': PUBLIC_CACHE }
  const discovery = discoveryDocument(issuer, signingKeys)
  app.get('/.well-known/openid-configuration', () => Response.json(discovery, { headers: cached }))
  app.get('/.well-known/jwks.json', () => Response.json(signingKeys.jwks, { headers: cached }))
  app.get('/healthz', () => Response.json({ status: 'ok' }))
  app.get('/openapi.json', () => Response.json(openApiDocument(issuer)))
  app.get('/bootstrap.sh', (context) => {
    const query = [...new URL(context.req.url).searchParams]
    const [[name, role] = ['role', undefined]] = query
    if (name !== 'role' || query.length > 1 || (role !== undefined && !ROLE_PATTERN.test(role))) {
      return refuse(context, 'invalid_request', {
        title: `The only parameter is role, like ${ROLE_PATTERN.source}`,
      })
    }
    return answer(bootstrapScript({ issuer, role }), 'text/x-shellscript; charset=utf-8')
  })

  // What is left: a path of ours with another method, or none of ours.
  const methods = new Map(app.routes.map(({ path, method }) => [path, method] as const))
  methods.delete('/*')
  for (const [path, method] of methods) {
    const allow = method === 'GET' ? 'GET, HEAD' : method
    app.all(path, (context) => refuse(context, 'method_not_allowed', { allow }))
  }
  app.notFound((context) => refuse(context, 'not_found'))
  app.onError((_, context) => refuse(context, 'internal_error'))
  return app
}

const isError = (code: ProblemCode): boolean => code === 'unavailable' || code === 'internal_error'
