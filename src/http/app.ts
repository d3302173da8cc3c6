// The service as a Hono app: requests to the enroller, its answers to HTTP. Nothing is decided
// here, and nothing of the runtime is known here.

import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { accept, refuse } from '../base/result.ts'
import { CHALLENGE_PATH, ENROLL_PATH } from '../base/wire/paths.ts'
import type { Enroller } from '../enroll/enroller.ts'
import { ROLE_PATTERN } from '../policy/policy.ts'
import { discoveryDocument } from '../token/discovery.ts'
import { type Env, type AppSettings, answering, problemAnswer, refusedRequest } from './audited.ts'
import { type AuditEvent, auditLine } from './audit.ts'
import { bootstrapScript } from './bootstrap-script.ts'
import { requestIdOf, setCommonHeaders } from './common-headers.ts'
import { openApiDocument } from './openapi/openapi.ts'
import { type OperatorOptions, addOperatorCalls } from './operators/operators.ts'
import { type ReadRequestOptions, inHand, readRequest } from './request/read-request.ts'
import type { Readiness } from './readiness.ts'
import { ChallengeRequest, EnrollRequest } from './request/schemas.ts'

/** What the service is made of. */
export interface AppOptions extends ReadRequestOptions {
  /** Makes challenges and enrolls, from `createEnroller()`. */
  readonly enroller: Enroller
  /** What the calls of operators work on. Default: there are none, and their addresses answer 404. */
  readonly operators?: OperatorOptions | undefined
  /** Whether the ledger answers, for `/readyz`. Default: that address answers 404. */
  readonly readiness?: Readiness | undefined
  /**
   * Takes each audit event. The answer leaves once it has returned, or its promise is fulfilled; if it
   * throws or rejects, the answer is 503: what can't be audited isn't issued. Default: one line of JSON to
   * `console.log`.
   */
  readonly audit?: (event: AuditEvent) => void | Promise<void>
  /** Unix seconds; a fraction is for audit events alone. Default: the platform's clock. */
  readonly clock?: () => number
}

const PUBLIC_CACHE = 'public, max-age=300'

const textResponse = (body: string, type: string): Response =>
  new Response(body, { headers: { 'Content-Type': type } })

/** How much a client wants a type (RFC 9110 section 12.5.1): its `q`, of the most exact range. */
const qualityOf = (accept: string, type: string): number => {
  const ranges = accept.split(',').map((range) => range.toLowerCase().split(';'))
  for (const wanted of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const range = ranges.find(([name = '']) => name.trim() === wanted)
    if (range !== undefined) {
      const q = range.find((parameter) => parameter.trim().startsWith('q='))
      return Number(q?.split('=')[1] ?? 1)
    }
  }
  return 0
}

/** Whether a client wants the type alone rather than JSON, which it gets if it doesn't mind. */
const wants = (context: Context<Env>, type: string): boolean => {
  const accept = context.req.header('Accept') ?? '*/*'
  return qualityOf(accept, type) > qualityOf(accept, 'application/json')
}

/** Challenges and enrollments. */
const addEnrollment = (app: Hono<Env>, service: AppSettings, enroller: Enroller): void => {
  app.post(
    CHALLENGE_PATH,
    answering(service, 'challenge', async (context) => {
      const fields = await readRequest(inHand(context), ChallengeRequest, service)
      if (!fields.ok) return refusedRequest(fields.refusal)
      const { role, dpop_jkt: jkt } = fields.value
      const { audience, expiresIn } = await enroller.challenge({ role, jkt }, service.clock())
      const response = wants(context, 'text/plain')
        ? textResponse(audience, 'text/plain; charset=utf-8')
        : Response.json({ audience, expires_in: expiresIn })
      return accept({ response, facts: { role } })
    }),
  )

  app.post(
    ENROLL_PATH,
    answering(service, 'enroll', async (context) => {
      const fields = await readRequest(inHand(context), EnrollRequest, service)
      if (!fields.ok) return refusedRequest(fields.refusal)
      const dpop = context.req.header('DPoP')
      const enrollment = await enroller.enroll({ ...fields.value, dpop }, service.clock())
      if (!enrollment.ok) {
        const { code, disclosed, facts } = enrollment
        return refuse({ code, facts, disclosed })
      }
      const { accessToken, tokenType, expiresIn, role, renewable, facts } = enrollment
      const response = wants(context, 'application/jwt')
        ? textResponse(accessToken, 'application/jwt')
        : Response.json({
            access_token: accessToken,
            token_type: tokenType,
            expires_in: expiresIn,
            issued_token_type: 'urn:ietf:params:oauth:token-type:jwt',
            role,
            renewable,
          })
      return accept({ response, facts })
    }),
  )
}

/** What everybody may read. */
const addPublished = (
  app: Hono<Env>,
  service: AppSettings,
  { enroller, operators, readiness }: Pick<AppOptions, 'enroller' | 'operators' | 'readiness'>,
): void => {
  const { issuer, published } = enroller
  const publish = (path: string, content: unknown): void => {
    const text = JSON.stringify(content)
    const headers = { 'Content-Type': 'application/json', 'Cache-Control': PUBLIC_CACHE }
    app.get(path, () => new Response(text, { headers }))
  }
  publish('/.well-known/openid-configuration', discoveryDocument(issuer, published))
  publish('/.well-known/jwks.json', published.jwks)
  app.get('/healthz', () => Response.json({ status: 'ok' }))
  const described = {
    operators: operators !== undefined,
    readiness: readiness !== undefined,
  }
  let description: string | undefined
  app.get('/openapi.json', () => {
    description ??= JSON.stringify(openApiDocument(issuer, described))
    return textResponse(description, 'application/json')
  })
  if (readiness !== undefined) {
    app.get('/readyz', async () =>
      (await readiness())
        ? Response.json({ status: 'ready' })
        : Response.json({ status: 'unavailable' }, { status: 503 }),
    )
  }
  app.get('/bootstrap.sh', (context) => {
    const query = [...new URL(context.req.url).searchParams]
    const [[name, role] = ['role', undefined]] = query
    if (name !== 'role' || query.length > 1 || (role !== undefined && !ROLE_PATTERN.test(role))) {
      return problemAnswer(context, service, 'invalid_request', {
        title: `The only parameter is role, like ${ROLE_PATTERN.source}`,
      })
    }
    return textResponse(bootstrapScript({ issuer, role }), 'text/x-shellscript; charset=utf-8')
  })
}

/** What is left: a path of ours with another method, or none of ours. */
const addRefusals = (app: Hono<Env>, service: AppSettings): void => {
  const methods = new Map<string, string[]>()
  for (const { path, method } of app.routes) {
    if (path !== '/*') methods.set(path, [...(methods.get(path) ?? []), method])
  }
  for (const [path, taken] of methods) {
    const allow = [...taken, ...(taken.includes('GET') ? ['HEAD'] : [])].join(', ')
    app.all(path, (context) => problemAnswer(context, service, 'method_not_allowed', { allow }))
  }
  app.notFound((context) => problemAnswer(context, service, 'not_found'))
  app.onError((_, context) => problemAnswer(context, service, 'internal_error'))
}

/**
 * Whether the path is another spelling of an address, which rules by path in front of the service may miss.
 * None of our addresses has a percent sign or a fragment; and the router takes a slash at the end for nothing.
 */
const isOtherSpelling = (url: string): boolean => {
  const { pathname, hash } = new URL(url)
  return hash !== '' || pathname.includes('%') || pathname.endsWith('/')
}

/**
 * Creates the service as a Hono app. The app is the root of its host: tokens, discovery and the clients append
 * their paths to the issuer.
 * @param options `enroller` is required
 * @returns the app; its `fetch` answers requests
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import {
 *   ALIBABA_CLOUD_TRUST_ANCHORS,
 *   createEnroller,
 *   parsePolicy,
 *   parseSigningKeys,
 * } from 'rollcall'
 * import { createApp } from 'rollcall/http'
 * import { createMemoryLedger } from 'rollcall/ledger/memory'
 *
 * const enroller = await createEnroller({
 *   issuer: 'https://rollcall.example',
 *   policy: parsePolicy({
 *     roles: {
 *       worker: {
 *         match: { owner_account_id: ['1609123456789012'] },
 *         token: { audience: ['https://cluster.example'] },
 *         reenrollment: 'never',
 *       },
 *     },
 *   }),
 *   signingKeys: await parseSigningKeys(process.env['ROLLCALL_SIGNING_KEYS']),
 *   ledger: createMemoryLedger(),
 *   trustAnchors: ALIBABA_CLOUD_TRUST_ANCHORS,
 *   allowSha1: true,
 *   challengeLifetimeSeconds: 120,
 * })
 * const app = new Hono().get('/version', (context) => context.text('1'))
 * app.route('/', createApp({ enroller, audit: () => {} }))
 * console.log((await app.request('https://rollcall.example/version')).status) // 200
 * console.log((await app.request('https://rollcall.example/healthz')).status) // 200
 * ```
 * @see https://hono.dev/docs/api/hono
 */
export const createApp = (options: AppOptions): Hono<Env> => {
  const { enroller, operators } = options
  const { issuer, published } = enroller
  const exactClock = options.clock ?? (() => Date.now() / 1000)
  const service: AppSettings = {
    ...options,
    issuer,
    clock: () => Math.floor(exactClock()),
    exactClock,
    // oxlint-disable-next-line no-console -- standard output is where audit events belong
    audit: options.audit ?? ((event) => console.log(auditLine(event))),
  }
  const app = new Hono<Env>()
  app.use(async (context, next) => {
    const requestId = requestIdOf(context.req.raw)
    context.set('requestId', requestId)
    if (isOtherSpelling(context.req.raw.url))
      context.res = problemAnswer(context, service, 'not_found')
    else await next()
    setCommonHeaders(context.res.headers, requestId)
  })
  addEnrollment(app, service, enroller)
  addPublished(app, service, options)
  if (operators !== undefined) addOperatorCalls(app, service, { ...operators, published })
  addRefusals(app, service)
  return app
}
