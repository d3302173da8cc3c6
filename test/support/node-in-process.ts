// The service behind Node's HTTP server, in the test's own process: its clock can be moved, so that no test has
// to wait. Its ledger is in memory, so that it forgets when it stops, like the process that it stands for.

import { auditLine } from '../../src/http/audit.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { type Clock, createMovableClock } from './clock.ts'
import { listen } from './listener.ts'
import type { RunningService, ServiceVariables } from './start-service.ts'
import { createTestService } from './test-service.ts'

/** Starts the service on a port that the system chooses. */
const startNodeInProcess = async (
  variables: ServiceVariables,
  clock: Clock,
): Promise<RunningService> => {
  const ledger = createMemoryLedger(Math.floor(clock.now()) + 1)
  // What is made in the second in which a ledger begins is refused.
  await clock.pass(1)
  const lines: string[] = []
  const events: Record<string, unknown>[] = []
  const service = await createTestService({
    variables,
    ledger,
    clock: clock.now,
    audit: (event) => {
      const line = auditLine(event)
      lines.push(line)
      events.push(JSON.parse(line) as Record<string, unknown>)
    },
    report: (line) => void lines.push(line),
  })
  const { url, close } = await listen(service)
  return {
    url,
    auditEvents: () => [...events],
    output: () => lines.join('\n'),
    // What is under way is cut off, as when a process is killed.
    stop: async () => {
      await close()
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
