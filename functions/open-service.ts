// What the entries that are processes have in common: configuration from the environment, the ledger
// opened, the app made. Audit events go to standard output, all else to standard error.

import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { type Config, type RuntimeOptions, parseConfig } from '../src/config.ts'
import { createEnroller } from '../src/enroll/enroller.ts'
import { ConfigurationError } from '../src/errors.ts'
import { createApp } from '../src/http/index.ts'
import { openLedger } from '../src/ledger/configured.ts'

/** A service that can be served. */
export interface OpenService {
  readonly config: Config
  readonly fetch: (request: Request) => Response | Promise<Response>
}

/** Which ledgers the runtime has, and which one where none is set. */
export type Ledgers = Pick<RuntimeOptions, 'defaultLedger'> &
  Required<Pick<RuntimeOptions, 'readLedger'>>

/** Tells the operator a line. */
export const say = (line: string): void => {
  // oxlint-disable-next-line no-console -- standard error, on every runtime
  console.error(`rollcall: ${line}`)
}

/** Tells the operator that the service is there, and what weakens it. */
export const sayListening = ({ warnings, host, issuer }: Config, port: number): void => {
  for (const warning of warnings) say(`warning: ${warning}`)
  say(`listening on http://${host}:${port} as ${issuer}`)
}

const refuse = (error: unknown): never => {
  if (!(error instanceof ConfigurationError)) throw error
  say(error.message)
  return process.exit(2)
}

/** Opens it; on a bad configuration tells every problem and ends the process with status 2. */
export const openService = async (
  env: Readonly<Record<string, string | undefined>>,
  ledgers: Ledgers,
): Promise<OpenService> => {
  const runtime = { ...ledgers, readFile: (path: string) => readFile(path, 'utf8') }
  const config = await parseConfig(env, runtime).catch(refuse)
  const ledger = await openLedger(config.ledger, say).catch(refuse)
  // A process before this one may have spent challenges of this very second: let it pass.
  const waitMs = Math.max(0, (ledger.remembersSince ?? 0) * 1000 - Date.now())
  await new Promise((resolve) => setTimeout(resolve, waitMs))
  const { adminKeys } = config
  const enroller = await createEnroller({ ...config, ledger })
  const app = createApp({ enroller, operators: adminKeys && { ledger, adminKeys } })
  return { config, fetch: (request) => app.fetch(request) }
}
