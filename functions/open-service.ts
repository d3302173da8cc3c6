// The common part of the entries that are processes. A bad configuration ends the process. Audit
// events go to standard output, all else to standard error.

import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { ConfigurationError } from '../src/base/errors.ts'
import type { AuditWriter } from '../src/node/audit-writer.ts'
import { say } from '../src/service.ts'
import { type OpenServiceOptions, type OpenedService, openService } from '../src/service/open.ts'

/** What differs between runtimes: the ledgers, the default ledger, and the cryptography. */
export type Runtime = Pick<OpenServiceOptions, 'readLedger' | 'defaultLedger' | 'crypto'>

/**
 * Opens the service. On a bad configuration it reports every problem and ends the process with status 2.
 * @param output receives the audit events
 */
export const openServiceOrEnd = async (
  env: OpenServiceOptions['env'],
  runtime: Runtime,
  output: AuditWriter,
): Promise<OpenedService> => {
  try {
    return await openService({
      ...runtime,
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
