/**
 * What a relying party does with a token: `createTokenVerifier()`, `admitRequest()` for any fetch handler, and
 * `requireEnrollment()` for Hono.
 *
 * @example
 * ```ts
 * import { enrollInstance } from 'rollcall/client'
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { createMemoryLedger } from 'rollcall/ledger/memory'
 * import { createMetadataClient } from 'rollcall/metadata'
 * import { admitRequest, createTokenVerifier } from 'rollcall/relying-party'
 * import { createService, parseConfig } from 'rollcall/service'
 *
 * // The relying party: a handler that admits enrolled instances of one role.
 * const issuer = 'http://localhost:8787'
 * const verifier = createTokenVerifier({
 *   issuer,
 *   audience: 'https://cluster.example',
 *   roles: ['worker'],
 *   fetch: (url, init) => service.fetch(new Request(url, init)), // leave this line out
 * })
 * const serve = async (request: Request): Promise<Response> => {
 *   const admission = await admitRequest(request, { verifier })
 *   if (!admission.admitted) return admission.response
 *   return new Response(`Hello, ${admission.enrollment.role}`)
 * }
 *
 * // A service and an instance, in this process.
 * const emulator = await createMetadataEmulator()
 * const config = await parseConfig({
 *   ROLLCALL_ISSUER: issuer,
 *   ROLLCALL_SIGNING_KEYS: process.env['ROLLCALL_SIGNING_KEYS'],
 *   ROLLCALL_TRUST_ANCHORS: emulator.certificatePem,
 *   ROLLCALL_POLICY: JSON.stringify({
 *     roles: {
 *       worker: {
 *         match: { owner_account_id: [emulator.instances[0]?.ownerAccountId] },
 *         token: { audience: ['https://cluster.example'] },
 *         reenrollment: 'never',
 *       },
 *     },
 *   }),
 * })
 * const service = await createService({ config, ledger: createMemoryLedger(0), audit: () => {} })
 * const { accessToken } = await enrollInstance({
 *   issuer,
 *   role: 'worker',
 *   fetch: (url, init) => service.fetch(new Request(url, init)),
 *   metadata: createMetadataClient({ fetch: emulator.fetch }),
 * })
 *
 * const headers = { Authorization: `Bearer ${accessToken}` }
 * const response = await serve(new Request('https://cluster.example/nodes', { headers }))
 * console.log(response.status, await response.text()) // 200 Hello, worker
 * ```
 * @module rollcall/relying-party
 */

export {
  type AdmitOptions,
  type AdmittedRequest,
  type RejectedRequest,
  type RequestAdmission,
  type ShownRequest,
  admitRequest,
} from './admit-request.ts'
export type { EcsClaim, EnrollmentClaims } from '../token/claims.ts'
export type { Members } from '../token/jws.ts'
export { type NodeRequest, fromNodeRequest } from './node-request.ts'
export type { AcceptedAlgorithm, BoundTokens, KeyFetch, TokenVerifierOptions } from './options.ts'
export {
  type EnrollmentEnv,
  type EnrollmentVariables,
  type RequireEnrollmentOptions,
  requireEnrollment,
} from './require-enrollment.ts'
export { TokenError, type TokenErrorCode } from './token-error.ts'
export {
  type ShownProof,
  type TokenVerifier,
  type VerifyOptions,
  createTokenVerifier,
} from './verifier.ts'
