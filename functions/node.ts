// The service on Node: configuration from the environment, audit events on standard output, all
// else on standard error. Stops gracefully.

import { serve } from '@hono/node-server'
import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { parseConfig } from '../src/config.ts'
import { createEnroller } from '../src/enroll/enroller.ts'
import { ConfigurationError } from '../src/errors.ts'
import { createApp } from '../src/http/index.ts'
import { ledgerReader, openLedger } from '../src/ledger/configured.ts'

/** Longer than a request may take, so that none in flight is cut off. */
const STOP_SECONDS = 15

const say = (line: string): void => void process.stderr.write(`rollcall: ${line}\n`)

const refuse = (error: unknown): never => {
  if (!(error instanceof ConfigurationError)) throw error
  say(error.message)
  return process.exit(2)
}

const config = await parseConfig(process.env, {
  readLedger: ledgerReader(['sqlite', 'redis', 'memory']),
  readFile: (path) => readFile(path, 'utf8'),
}).catch(refuse)
const ledger = await openLedger(config.ledger, say).catch(refuse)
// A process before this one may have spent challenges of this very second: let it pass.
await setTimeout(Math.max(0, (ledger.remembersSince ?? 0) * 1000 - Date.now()))
const { adminKeys } = config
const enroller = await createEnroller({ ...config, ledger })
const app = createApp({ enroller, operators: adminKeys && { ledger, adminKeys } })
const { host: hostname, port } = config
// The platform's own Request and Response, as in every other runtime, not the adapter's stand-ins.
const options = { fetch: app.fetch, hostname, port, overrideGlobalObjects: false }
const server = serve(options, (address) => {
  for (const warning of config.warnings) say(`warning: ${warning}`)
  say(`listening on http://${hostname}:${address.port} as ${config.issuer}`)
}) as Server

server.on('error', (error: NodeJS.ErrnoException) => {
  const taken = error.code === 'EADDRINUSE'
  say(taken ? `port ${port} is taken; set PORT to another` : `cannot listen: ${error.message}`)
  process.exit(2)
})

const stop = (): void => {
  say('stopping: finishing what was begun')
  // A connection whose last request is answered from now on is not kept for another.
  server.keepAliveTimeout = 1
  server.close(() => process.exit(0))
  server.closeIdleConnections()
  void setTimeout(STOP_SECONDS * 1000, undefined, { ref: false }).then(() => process.exit(1))
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
