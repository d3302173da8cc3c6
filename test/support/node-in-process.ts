// The service behind Node's HTTP server, in the test's own process: its clock can be moved, so that no test has
// to wait. Its ledger is in memory, so that it forgets when it stops, like the process that it stands for.

import { serve } from '@hono/node-server'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { parseConfig } from '../../src/config.ts'
import { auditLine } from '../../src/http/audit.ts'
import { ledgerReader } from '../../src/ledger/configured.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { createService } from '../../src/service.ts'
import { type Clock, createMovableClock } from './clock.ts'
import type { RunningService, ServiceVariables } from './start-service.ts'

/** Starts the service on a free port of 127.0.0.1. */
const startNodeInProcess = async (
  variables: ServiceVariables,
  clock: Clock,
): Promise<RunningService> => {
  const readLedger = ledgerReader(['memory'])
  const config = await parseConfig({ ROLLCALL_LEDGER: 'memory:', ...variables }, { readLedger })
  const ledger = createMemoryLedger(Math.floor(clock.now()) + 1)
  // What is made in the second in which a ledger begins is refused.
  await clock.pass(1)
  const lines: string[] = []
  const { fetch } = await createService({
    config,
    ledger,
    clock: clock.now,
    audit: (event) => void lines.push(auditLine(event)),
    report: (line) => void lines.push(line),
  })
  const server = serve({ fetch, hostname: '127.0.0.1', port: 0, overrideGlobalObjects: false })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    auditEvents: () =>
      lines
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    output: () => lines.join('\n'),
    stop: async () => {
      // What is under way is cut off, as when a process is killed.
      if ('closeAllConnections' in server) server.closeAllConnections()
      server.close()
      await once(server, 'close')
      return 0
    },
  }
}

/** The service in this process as a runtime that can be started, with a clock that can be moved. */
export const nodeInProcess = () => {
  const clock = createMovableClock()
  return {
    persistent: false,
    clock,
    start: (variables: ServiceVariables): Promise<RunningService> =>
      startNodeInProcess(variables, clock),
  }
}
