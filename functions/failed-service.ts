// What answers in place of a service that cannot be made.

import { ConfigurationError } from '../src/base/errors.ts'
import { unavailable } from '../src/http/unavailable.ts'
import type { Service } from '../src/service.ts'

/** How often an isolate logs why it cannot start. An operator may open the log later. */
const REPEAT_MS = 60_000

/** Answers every request 503, and says why in the log, once in a while. */
export const failedService = (error: unknown, log: (line: string) => void): Service => {
  const message = error instanceof ConfigurationError ? error.message : 'the service cannot start'
  let saidAt = -Infinity
  return {
    fetch: async (request) => {
      const now = Date.now()
      if (now - saidAt >= REPEAT_MS) {
        saidAt = now
        log(message)
      }
      return unavailable(request, '')
    },
  }
}
