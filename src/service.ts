// The only wiring of the service: a configuration and a ledger come in, `fetch` comes out. The entries of
// all runtimes use it, so what is mended here is mended for all of them. It opens nothing and knows
// nothing of the runtime.

import type { Config } from './config.ts'
import { createEnroller } from './enroll/enroller.ts'
import { withKnownFormats } from './registry/format.ts'
import { type AppOptions, createApp } from './http/app.ts'
import type { RequestSource } from './http/request/body.ts'
import { createReadiness } from './http/readiness.ts'
import type { Ledger } from './ledger/ledger.ts'
import { reportFailures } from './ledger/reporting.ts'

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
   * @param source where the runtime has the body, if not in the request: on Node `{ incoming }`
   */
  fetch(request: Request, source?: RequestSource): Promise<Response>
}

/** Tells the operator a line, on standard error. */
export const say = (line: string): void => {
  // oxlint-disable-next-line no-console -- standard error, on every runtime
  console.error(`rollcall: ${line}`)
}

/**
 * Creates the service. It reports the configuration's warnings once, and from then on each reason for which
 * the ledger does not answer.
 * @throws RangeError as `createEnroller` does
 */
export const createService = async ({
  config,
  ledger: store,
  report = say,
  ...app
}: ServiceOptions): Promise<Service> => {
  for (const warning of config.warnings) report(`warning: ${warning}`)
  const ledger = reportFailures(withKnownFormats(store), report)
  const enroller = await createEnroller({ ...config, ledger })
  const { operatorKeys } = config
  const { fetch } = createApp({
    ...app,
    enroller,
    readiness: createReadiness(ledger),
    operators: operatorKeys && { ledger, operatorKeys },
  })
  return { fetch: async (request, source) => fetch(request, source) }
}
