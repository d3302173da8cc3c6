// The service as a Hono app: passes requests to the enroller and its outcomes to HTTP. It makes no decision, and
// is the same on every runtime.

import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { accept, refuse } from '../base/result.ts'
import { CHALLENGE_PATH, ENROLL_PATH } from '../base/wire/paths.ts'
import type { Enroller } from '../enroll/enroller.ts'
import { ROLE_PATTERN } from '../policy/policy.ts'
import { discoveryDocument } from '../token/discovery.ts'
import {
  type AppSettings,
  type Env,
  answering,
  contentAnswer,
  problemAnswer,
  refusedRequest,
} from './audited.ts'
import { type AuditEvent, auditLine } from './audit.ts'
import { type ExchangeSettings, addExchange } from './token.ts'
import { type AuthorizationSettings, addAuthorization } from './authorize.ts'
import { bootstrapScript } from './bootstrap-script.ts'
import { addCommonHeaders, requestIdOf } from './common-headers.ts'
import { jsonContent } from './content.ts'
import { type RelyingPartyOptions, addRelyingParties } from './introspection/relying-parties.ts'
import { type TokenReviewSettings, addTokenReviews } from './kubernetes/token-review.ts'
import { openApiDocument } from './openapi/openapi.ts'
import { type OperatorOptions, addOperatorCalls } from './operators/operators.ts'
import type { RequestSource } from './request/body.ts'
import { prefersToJson } from './request/accept.ts'
import { type ReadRequestOptions, inHand, readRequest } from './request/read-request.ts'
import type { Readiness } from './readiness.ts'
import { ChallengeRequest, EnrollRequest } from './request/schemas.ts'
import { splitUrl } from './request/split-url.ts'

/** What the service is made of. */
export interface AppOptions extends ReadRequestOptions {
  /** Makes challenges and enrolls, from `createEnroller()`. */
  readonly enroller: Enroller
  /** What the calls of operators work on. Default: there are none, and their addresses answer 404. */
  readonly operators?: OperatorOptions | undefined
  /** What introspection by relying parties works on. Default: only operators may introspect tokens. */
  readonly relyingParties?: RelyingPartyOptions | undefined
  /** What `POST /v1/token` works with. Default: tokens cannot be exchanged, and that address answers 404. */
  readonly exchange?: ExchangeSettings | undefined
  /** What `/v1/authorize` works with. Default: proxies cannot ask, and that address answers 404. */
  readonly authorization?: AuthorizationSettings | undefined
  /** What `POST /v1/kubernetes/tokenreview` works with. Default: no API server can ask, and that address answers 404. */
  readonly tokenReviews?: TokenReviewSettings | undefined
  /** Whether the ledger answers, for `/readyz`. Default: that address answers 404. */
  readonly readiness?: Readiness | undefined
  /**
   * Receives each audit event. The answer leaves once this function has returned, or its promise is fulfilled. If
   * it throws or rejects, the answer is 503, because no token is issued without an event. Default: one line of JSON
   * to `console.log`.
   */
  readonly audit?: (event: AuditEvent) => void | Promise<void>
  /** Unix seconds; a fraction is for audit events alone. Default: the platform's clock. */
  readonly clock?: () => number
}

const PUBLIC_CACHE = 'public, max-age=300'

/** Whether a client prefers the type to JSON. JSON is the default. */
const wants = (context: Context<Env>, type: string): boolean =>
  prefersToJson(context.req.header('Accept'), type)

/** Challenges and enrollments. */
const addEnrollment = (app: Hono<Env>, service: AppSettings, enroller: Enroller): void => {
  app.post(
    CHALLENGE_PATH,
    answering(service, 'challenge', async (context) => {
      const fields = await readRequest(inHand(context), ChallengeRequest, service)
      if (!fields.ok) return refusedRequest(fields.refusal)
      const { role, dpop_jkt: jkt } = fields.value
      const { audience, expiresIn } = await enroller.challenge({ role, jkt }, service.clock())
      const content = wants(context, 'text/plain')
        ? { body: audience, type: 'text/plain; charset=utf-8' }
        : jsonContent({ audience, expires_in: expiresIn })
      return accept({ content, facts: { role } })
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
      const content = wants(context, 'application/jwt')
        ? { body: accessToken, type: 'application/jwt' }
        : jsonContent({
            access_token: accessToken,
            token_type: tokenType,
            expires_in: expiresIn,
            issued_token_type: 'urn:ietf:params:oauth:token-type:jwt',
            role,
            renewable,
          })
      return accept({ content, facts })
    }),
  )
}

/** What everybody may read. */
const addPublished = (
  app: Hono<Env>,
  service: AppSettings,
  options: Pick<
    AppOptions,
    | 'enroller'
    | 'operators'
    | 'relyingParties'
    | 'exchange'
    | 'authorization'
    | 'tokenReviews'
    | 'readiness'
  >,
): void => {
  const { enroller, readiness } = options
  const { issuer, published } = enroller
  const publish = (path: string, value: unknown): void => {
    const content = { ...jsonContent(value), cacheControl: PUBLIC_CACHE }
    app.get(path, (context) => contentAnswer(context, content))
  }
  const exchange = options.exchange !== undefined
  const relyingParties = options.relyingParties !== undefined
  const discovery = discoveryDocument(issuer, published, { exchange, relyingParties })
  publish('/.well-known/openid-configuration', discovery)
  publish('/.well-known/oauth-authorization-server', discovery)
  publish('/.well-known/jwks.json', published.jwks)
  app.get('/healthz', (context) => contentAnswer(context, jsonContent({ status: 'ok' })))
  const described = {
    operators: options.operators !== undefined,
    relyingParties,
    exchange,
    authorization: options.authorization !== undefined,
    tokenReviews: options.tokenReviews !== undefined,
    readiness: readiness !== undefined,
  }
  let description: string | undefined
  app.get('/openapi.json', (context) => {
    description ??= JSON.stringify(openApiDocument(issuer, described))
    return contentAnswer(context, { body: description, type: 'application/json' })
  })
  if (readiness !== undefined) {
    app.get('/readyz', async (context) =>
      (await readiness())
        ? contentAnswer(context, jsonContent({ status: 'ready' }))
        : contentAnswer(context, jsonContent({ status: 'unavailable' }), 503),
    )
  }
  app.get('/bootstrap.sh', (context) => {
    const query = [...new URLSearchParams(splitUrl(context.req.url).query)]
    const [[name, role] = ['role', undefined]] = query
    if (name !== 'role' || query.length > 1 || (role !== undefined && !ROLE_PATTERN.test(role))) {
      return problemAnswer(context, service, 'invalid_request', {
        title: `The only parameter is role, like ${ROLE_PATTERN.source}`,
      })
    }
    const body = bootstrapScript({ issuer, role })
    return contentAnswer(context, { body, type: 'text/x-shellscript; charset=utf-8' })
  })
}

/** What is left: a path of ours with another method, or none of ours. */
const addRefusals = (app: Hono<Env>, service: AppSettings): void => {
  const methods = new Map<string, ReadonlySet<string>>()
  for (const { path, method } of app.routes) {
    if (path !== '/*') methods.set(path, new Set([...(methods.get(path) ?? []), method]))
  }
  for (const [path, taken] of methods) {
    const allow = [...taken, ...(taken.has('GET') ? ['HEAD'] : [])].join(', ')
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
  const { path, fragment } = splitUrl(url)
  return fragment !== '' || path.includes('%') || path.endsWith('/')
}

/**
 * Creates the service as a Hono app. The app is the root of its host: tokens, discovery and the clients append
 * their paths to the issuer. In an app of your own, add your routes first: this app answers 404 to every path
 * that contains a percent sign or ends in a slash.
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
  const { enroller, operators, relyingParties, authorization, tokenReviews } = options
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
    const source: RequestSource | undefined = context.env
    const requestId = requestIdOf(context.req.raw, source?.platformRequestId)
    context.set('requestId', requestId)
    if (isOtherSpelling(context.req.raw.url)) return problemAnswer(context, service, 'not_found')
    await next()
    // The app that this one is a part of may answer what this one does not know.
    if (context.get('answer') !== context.res) addCommonHeaders(context.res.headers, requestId)
    return undefined
  })
  addEnrollment(app, service, enroller)
  if (options.exchange !== undefined) addExchange(app, service, options.exchange)
  if (authorization !== undefined) addAuthorization(app, service, { ...authorization, published })
  if (tokenReviews !== undefined) addTokenReviews(app, service, { ...tokenReviews, published })
  addPublished(app, service, options)
  if (relyingParties !== undefined) {
    const asked = { ...relyingParties, published }
    addRelyingParties(app, service, asked, operators !== undefined)
  }
  if (operators !== undefined) addOperatorCalls(app, service, { ...operators, published })
  addRefusals(app, service)
  return app
}
