// The common part of the entries that are processes. A bad configuration ends the process. Audit
// events go to standard output, all else to standard error.

import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { ConfigurationError } from '../src/base/errors.ts'
import type { AuditWriter } from '../src/node/audit-writer.ts'
import { say } from '../src/service.ts'
import { type OpenServiceOptions, type OpenedService, openService } from '../src/service/open.ts'

/** The ledgers of the runtime, and the default ledger. */
export type Ledgers = Pick<OpenServiceOptions, 'readLedger' | 'defaultLedger'>

/**
 * Opens the service. On a bad configuration it reports every problem and ends the process with status 2.
 * @param output receives the audit events
 */
export const openServiceOrEnd = async (
  env: OpenServiceOptions['env'],
  ledgers: Ledgers,
  output: AuditWriter,
): Promise<OpenedService> => {
  try {
    return await openService({
      ...ledgers,
      env,
      readFile: (path) => readFile(path),
      output,
      report: say,
    })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    say(error.message)
    return process.exit(2)
  }
}
