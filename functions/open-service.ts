// What the entries that are processes have in common: configuration from the environment, the ledger
// opened, the app made. Audit events go to standard output, all else to standard error.

import { SYSTEM_TIMING } from '../src/base/timing.ts'
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { type RuntimeOptions, parseConfig } from '../src/config.ts'
import { ConfigurationError } from '../src/base/errors.ts'
import { type AuditEvent, auditLine } from '../src/http/audit.ts'
import { unavailable } from '../src/http/unavailable.ts'
import { openLedger } from '../src/ledger/open.ts'
import type { AuditWriter } from '../src/node/audit-writer.ts'
import type { ServedService } from '../src/node/served-service.ts'
import { createService, say } from '../src/service.ts'

/** Which ledgers the runtime has, and which one where none is set. */
export type Ledgers = Pick<RuntimeOptions, 'defaultLedger'> &
  Required<Pick<RuntimeOptions, 'readLedger'>>

const refuse = (error: unknown): never => {
  if (!(error instanceof ConfigurationError)) throw error
  say(error.message)
  return process.exit(2)
}

/**
 * Opens the service; on a bad configuration it tells every problem and ends the process with status 2.
 * @param output takes the audit events
 */
export const openService = async (
  env: Readonly<Record<string, string | undefined>>,
  ledgers: Ledgers,
  { write, failed }: AuditWriter,
): Promise<ServedService> => {
  const runtime = { ...ledgers, readFile: (path: string) => readFile(path) }
  const config = await parseConfig(env, runtime).catch(refuse)
  const ledger = await openLedger(config.ledger, { issuer: config.issuer, report: say }).catch(
    refuse,
  )
  // What is made in the second in which a ledger begins is refused: let that second pass.
  const { now, wait } = SYSTEM_TIMING
  await wait(Math.min(1, Math.max(0, (ledger.remembersSince ?? 0) - now())))
  const audit = (event: AuditEvent): Promise<void> => write(auditLine(event))
  return {
    config,
    failed,
    report: say,
    unavailable: (request) => unavailable(request, config.issuer),
    ...(await createService({ config, ledger, audit })),
  }
}
