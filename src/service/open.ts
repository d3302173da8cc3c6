// Opens a service as a process runs it: configuration from the environment, the ledger opened, the app made. It
// touches neither the process nor its files: both come in as arguments.

import { SYSTEM_TIMING } from '../base/timing.ts'
import { type Config, type RuntimeOptions, parseConfig } from '../config.ts'
import { type AuditEvent, auditLine } from '../http/audit.ts'
import { unavailable } from '../http/unavailable.ts'
import { openLedger } from '../ledger/open.ts'
import { type Service, createService } from '../service.ts'

/** What a process gives its service. */
export interface OpenServiceOptions extends Pick<RuntimeOptions, 'defaultLedger' | 'crypto'> {
  /** The environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Which ledgers the runtime has. */
  readonly readLedger: NonNullable<RuntimeOptions['readLedger']>
  /** Reads a file that a variable `NAME_FILE` names. */
  readonly readFile: NonNullable<RuntimeOptions['readFile']>
  /** Where audit events go, each a line without a line end. */
  readonly output: {
    write(line: string): Promise<void>
    /** Fulfilled once audit events can't be written. */
    readonly failed: Promise<void>
  }
  /** Takes each line for the operator. */
  readonly report: (line: string) => void
}

/** A service, and what a server needs to serve it. */
export interface OpenedService extends Service {
  readonly config: Config
  /** The answer to a request that comes while the service stops. */
  unavailable(request: Request): Response
  report(line: string): void
  /** Fulfilled once audit events can't be written. */
  readonly failed: Promise<void>
}

/**
 * Opens the service.
 * @throws ConfigurationError with every problem of the configuration, a store that cannot keep a ledger included
 */
export const openService = async ({
  env,
  output,
  report,
  ...runtime
}: OpenServiceOptions): Promise<OpenedService> => {
  const config = await parseConfig(env, runtime)
  const { issuer } = config
  const ledger = await openLedger(config.ledger, { issuer, report })
  // The ledger refuses what is made in the second in which it begins: let that second pass.
  const { now, wait } = SYSTEM_TIMING
  await wait(Math.min(1, Math.max(0, (ledger.remembersSince ?? 0) - now())))
  const audit = (event: AuditEvent): Promise<void> => output.write(auditLine(event))
  return {
    config,
    failed: output.failed,
    report,
    unavailable: (request) => unavailable(request, issuer),
    ...(await createService({ config, ledger, audit, report })),
  }
}
