// The only wiring of the service: a configuration and a ledger come in, `fetch` comes out. The entries of
// all runtimes use it, so a change here is a change for all of them. It opens nothing and knows
// nothing of the runtime.

import type { Config } from './config.ts'
import { ConfigurationError } from './base/errors.ts'
import { isPromise } from './base/lazily.ts'
import { type Enroller, createEnroller } from './enroll/enroller.ts'
import { withKnownFormats } from './registry/format.ts'
import { type AppOptions, createApp } from './http/app.ts'
import type { RequestSource } from './http/request/body.ts'
import { createReadiness } from './http/readiness.ts'
import type { Ledger } from './ledger/ledger.ts'
import { reportFailures } from './ledger/reporting.ts'
import type { SigningKeys } from './token/signing-keys.ts'

/** What a service is made of. */
export interface ServiceOptions extends Pick<AppOptions, 'audit' | 'clock' | 'bodyTimeoutSeconds'> {
  /** As `parseConfig` gives it. */
  readonly config: Config
  /** Where the state is. The caller opens it, and closes it. */
  readonly ledger: Ledger
  /** Takes each line for the operator. Default: standard error, behind `rollcall: `. */
  readonly report?: (line: string) => void
}

/** A service that can be served. */
export interface Service {
  /**
   * Answers a request. It never rejects for what a client sends, or when the ledger is unreachable.
   * @param request the request, with its absolute URL
   * @param source where the runtime has the body, if not in the request: on Node `{ incoming }`
   */
  fetch(request: Request, source?: RequestSource): Promise<Response>
}

/** Tells the operator a line, on standard error. */
export const say = (line: string): void => {
  // oxlint-disable-next-line no-console -- standard error, on every runtime
  console.error(`rollcall: ${line}`)
}

/** Takes an error that ends a call, and throws it again. */
type Rethrow = (error: unknown) => never

/**
 * Tells the operator, once for each message, what of the configuration turns out to be unusable when it is first used.
 * The answer stays an error: its audit event has no more than the error's name.
 */
const reportingOnce = (report: (line: string) => void): Rethrow => {
  const said = new Set<string>()
  return (error) => {
    if (error instanceof ConfigurationError && !said.has(error.message)) {
      said.add(error.message)
      report(error.message)
    }
    throw error
  }
}

/** Keys that report when they cannot sign, whichever call needs them. */
const reportingKeys = (keys: SigningKeys, rethrow: Rethrow): SigningKeys => {
  const load: SigningKeys['signer']['load'] = () => {
    const loaded = keys.signer.load()
    return isPromise(loaded) ? loaded.catch(rethrow) : loaded
  }
  return { ...keys, signer: { ...keys.signer, load } }
}

/** An enroller that reports when the platform's cryptography does not verify what the cloud signs. */
const reportingEnroller = (enroller: Enroller, rethrow: Rethrow): Enroller => ({
  ...enroller,
  enroll: (request, now) => enroller.enroll(request, now).catch(rethrow),
})

/**
 * Creates the service. It reports the warnings of the configuration once, and from then on each reason for which the
 * ledger is unreachable.
 * @param options `config` and `ledger` are required
 * @returns the service; any server that speaks `fetch` can serve it
 * @throws RangeError as `createEnroller` does
 * @throws ConfigurationError `configuration_invalid` if the platform's cryptography, or the signing key, cannot be used
 * @example
 * ```ts
 * import { createMemoryLedger } from 'rollcall/ledger/memory'
 * import { createService, parseConfig } from 'rollcall/service'
 *
 * const config = await parseConfig({
 *   ROLLCALL_ISSUER: 'http://localhost:8787',
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
 * const service = await createService({ config, ledger: createMemoryLedger() })
 * const response = await service.fetch(new Request(`${config.issuer}/readyz`))
 * console.log(response.status) // 200
 * ```
 */
export const createService = async ({
  config,
  ledger: store,
  report = say,
  ...app
}: ServiceOptions): Promise<Service> => {
  for (const warning of config.warnings) report(`warning: ${warning}`)
  const ledger = reportFailures(withKnownFormats(store), report)
  const rethrow = reportingOnce(report)
  const signingKeys = reportingKeys(config.signingKeys, rethrow)
  const enroller = reportingEnroller(
    await createEnroller({ ...config, signingKeys, ledger }),
    rethrow,
  )
  const { operatorKeys, relyingPartyKeys, proxies, kubernetes, auditAuthorize } = config
  const { fetch } = createApp({
    ...app,
    enroller,
    readiness: createReadiness(ledger),
    operators: operatorKeys && { ledger, operatorKeys },
    relyingParties: relyingPartyKeys && { ledger, relyingPartyKeys },
    exchange: { ledger, policy: config.policy, signingKeys },
    authorization: { ledger, proxies, auditAdmitted: auditAuthorize },
    tokenReviews: kubernetes && { ledger, cluster: kubernetes, auditAdmitted: auditAuthorize },
  })
  return { fetch: async (request, source) => fetch(request, source) }
}
