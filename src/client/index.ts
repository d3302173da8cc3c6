/**
 * What an instance and an operator do with a service: `enrollInstance()`, `renewEnrollment()`, `exchangeToken()` and
 * `createOperatorClient()`.
 *
 * @example
 * ```ts
 * import { enrollInstance } from 'rollcall/client'
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { createMemoryLedger } from 'rollcall/ledger/memory'
 * import { createMetadataClient } from 'rollcall/metadata'
 * import { createService, parseConfig } from 'rollcall/service'
 *
 * // On ECS, `enrollInstance({ issuer, role: 'worker' })` is all.
 * // Here a service and an instance run in this process.
 * const emulator = await createMetadataEmulator()
 * const issuer = 'http://localhost:8787'
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
 *
 * const { role, tokenType } = await enrollInstance({
 *   issuer,
 *   role: 'worker',
 *   fetch: (url, init) => service.fetch(new Request(url, init)),
 *   metadata: createMetadataClient({ fetch: emulator.fetch }),
 * })
 * console.log(role, tokenType) // worker Bearer
 * ```
 * @module rollcall/client
 */

export type { RefusalReason } from './answer.ts'
export type { Fetch, Reach, Retry } from './call.ts'
export type { CheckName, CheckOptions, Outcome } from './checks/check.ts'
export type { CheckWords } from './checks/words.ts'
export { CHECK_NAMES, type Diagnosis, diagnoseEnrollment } from './checks/diagnose.ts'
export type { Timing, Wait } from '../base/timing.ts'
export { ClientError, type ClientErrorCode, type ClientErrorDetails } from './client-error.ts'
export { type DpopKey, type ProofPurpose, createDpopKey } from './dpop-key.ts'
export { type EnrollOptions, enrollInstance } from './enroll.ts'
export { type ExchangeOptions, exchangeToken } from './exchange.ts'
export type { Exchanged, ExchangePurpose } from './exchange-call.ts'
export type {
  AttestedInstance,
  Ban,
  BoundKey,
  Instance,
  Introspection,
  Page,
} from './operator-answers.ts'
export {
  type BanName,
  type InstanceName,
  type OperatorClient,
  type OperatorClientOptions,
  type PageOptions,
  createOperatorClient,
} from './operator.ts'
export type { IssuedToken } from './issued-token.ts'
export { requireIssuer } from './issuer.ts'
export { type KeyInstance, askInstance, requireKeyOf } from './key-instance.ts'
export { type PrivateKey, markPrivateKey, parsePrivateKey } from './private-key.ts'
export { type TokenToProve, proofTime } from './proof-time.ts'
export type { Enrolled, Purpose } from './protocol.ts'
export { ProxyError, type ProxyErrorDetails } from './proxy-error.ts'
export {
  type Candidate,
  type ForgetOutcome,
  type ForgetResult,
  type LivingInstances,
  type Place,
  type PrunePlan,
  forgetInstances,
  planPrune,
} from './prune.ts'
export {
  type NextRenewal,
  type RenewalFailure,
  type RenewOptions,
  renewEnrollment,
} from './renew.ts'
