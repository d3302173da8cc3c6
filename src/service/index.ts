/**
 * The public face of the whole service: what the entries of all runtimes run, for programs that embed it.
 * This is not `../service.ts`, because `openLedger` reaches every driver and the Worker must not.
 *
 * @example
 * ```ts
 * import { createService, openLedger, parseConfig } from 'rollcall/service'
 *
 * const config = await parseConfig({
 *   ROLLCALL_ISSUER: 'http://localhost:8787',
 *   // `rollcall keygen` makes the keys.
 *   ROLLCALL_SIGNING_KEYS: process.env['ROLLCALL_SIGNING_KEYS'],
 *   ROLLCALL_POLICY: JSON.stringify({
 *     roles: {
 *       worker: {
 *         match: { owner_account_id: ['1609123456789012'] },
 *         token: { audience: ['https://cluster.example'] },
 *         reenrollment: 'never',
 *       },
 *     },
 *   }),
 * })
 * const { issuer } = config
 * const ledger = await openLedger('memory:', { issuer, report: console.error })
 * const service = await createService({
 *   config,
 *   ledger,
 *   audit({ event, outcome }) {
 *     console.log(event, outcome) // challenge issued
 *   },
 * })
 *
 * // Any server that speaks `fetch` can serve it. Here it is asked directly.
 * const body = new URLSearchParams({ role: 'worker' })
 * const request = new Request(`${issuer}/v1/challenge`, { method: 'POST', body })
 * console.log((await service.fetch(request)).status) // 200
 * ```
 * @module rollcall/service
 */

export type { KubernetesCluster } from '../admit/kubernetes/token-review.ts'
export type { TrustedProxy } from '../admit/proxies.ts'
export { type Service, type ServiceOptions, createService } from '../service.ts'
export {
  type Config,
  type ConfigWithLedger,
  type ParseConfig,
  type RuntimeOptions,
  parseConfig,
} from '../config.ts'
export type { Environment } from '../config/values.ts'
export type { ReadFile } from '../config/variable.ts'
export type { Incoming, RequestSource } from '../http/request/body.ts'
export {
  type DenoKvConfig,
  type LedgerConfig,
  type MemoryConfig,
  type RedisConfig,
  type SqliteConfig,
  ledgerReader,
} from '../ledger/configured.ts'
export { type OpenLedgerOptions, openLedger } from '../ledger/open.ts'
export type { OpenLedger } from '../ledger/store.ts'
export type { NodeNamePart, NodeNameTemplate } from '../policy/node-name.ts'
