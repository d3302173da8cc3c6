/**
 * The public face of the HTTP service: the Hono app, for programs that put it into an app of their own.
 *
 * @example
 * ```ts
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
 *   // `rollcall keygen` makes the keys.
 *   signingKeys: await parseSigningKeys(process.env['ROLLCALL_SIGNING_KEYS']),
 *   ledger: createMemoryLedger(),
 *   trustAnchors: ALIBABA_CLOUD_TRUST_ANCHORS,
 *   allowSha1: true,
 *   challengeLifetimeSeconds: 120,
 * })
 * const app = createApp({ enroller })
 * const response = await app.request('https://rollcall.example/.well-known/jwks.json')
 * console.log(response.status) // 200
 * ```
 * @module rollcall/http
 */

export { type AppOptions, createApp } from './app.ts'
export type { OperatorAction } from '../base/wire/operator-calls.ts'
export type { AuthorizationReason } from '../admit/authorize.ts'
export type { TokenReviewReason } from '../admit/kubernetes/token-review.ts'
export type { ExchangerOptions, ExchangeReason } from '../admit/exchange.ts'
export type { StandingRefusal } from '../registry/standing.ts'
export type { ClaimsRefusal } from '../token/claims.ts'
export type { JwsRefusal } from '../token/jws.ts'
export type { ProofRefusal } from '../token/proof.ts'
export type { TokenRefusal } from '../token/verify.ts'
export type { ClientRefusal } from '../operate/authenticate-client.ts'
export type { OperatorRefusal } from '../operate/authenticate.ts'
export {
  type AuditEvent,
  type AuditReason,
  type FailureReason,
  type WebhookReason,
  auditLine,
} from './audit.ts'
export type { AuthorizationSettings } from './authorize.ts'
export type { Env, RequestVariables } from './audited.ts'
export type { ExchangeSettings } from './token.ts'
export type { TokenReviewSettings } from './kubernetes/token-review.ts'
export type { OAuthErrorCode } from './oauth-error.ts'
export type { RelyingPartyOptions } from './introspection/relying-parties.ts'
export type { OperatorOptions } from './operators/operators.ts'
export type { ProblemCode } from './problems.ts'
export type { Readiness } from './readiness.ts'
export type { Incoming, RequestSource } from './request/body.ts'
export type { ReadRequestOptions } from './request/read-request.ts'
export type { RequestReason } from './request/request-refusal.ts'
