// Makes the service of a Worker from its bindings, while an isolate starts: no I/O, no timer, nothing random. If the
// service cannot be made, every request is answered 503, because the variables and the code of an isolate never change.

import { ConfigurationError } from '../src/base/errors.ts'
import { parseConfig } from '../src/config.ts'
import { unavailable } from '../src/http/unavailable.ts'
import { type ObjectNamespace, createDurableObjectLedger } from '../src/ledger/durable-object.ts'
import { type Service, createService, say } from '../src/service.ts'

/** The bindings of `wrangler.toml` and `wrangler secret put`. */
export interface Bindings extends Record<string, unknown> {
  readonly LEDGER: ObjectNamespace<unknown>
}
type Report = (line: string) => void
/** How often an isolate logs why it cannot start. An operator may open the log later. */
const REPEAT_MS = 60_000

/** A text that `wrangler.toml` has put into the bundle: this runtime has no other files. */
const readFile = async (path: string): Promise<string> => (await import(path)).default as string

const build = async (env: Bindings, report: Report): Promise<Service> => {
  const config = await parseConfig(env, { readFile, importKeys: 'when used' })
  const ledger = createDurableObjectLedger(env.LEDGER)
  const service = await createService({ config, ledger, report })
  // One answer now, so that V8 has compiled most of what the first request needs. Its id is given: none is drawn.
  const headers = { 'X-Request-Id': 'start' }
  await service.fetch(new Request(`${config.issuer}/healthz`, { headers })).catch(() => undefined)
  return service
}

/** Answers every request 503, and says why in the log, once in a while. */
const failed = (error: unknown, report: Report): Service => {
  const message = error instanceof ConfigurationError ? error.message : 'the service cannot start'
  let saidAt = -Infinity
  return {
    fetch: async (request) => {
      const now = Date.now()
      if (now - saidAt >= REPEAT_MS) {
        saidAt = now
        report(message)
      }
      return unavailable(request, '')
    },
  }
}

/** Makes the handler of requests. A log line belongs to a request: what the start reports is logged at the first one. */
export const createWorker = (env: Bindings, log: Report = say) => {
  const early: string[] = []
  let report: Report = (line) => void early.push(line)
  const service = build(env, (line) => report(line)).catch((error) => failed(error, log))
  return {
    async fetch(request: Request): Promise<Response> {
      const { fetch } = await service
      for (const line of early.splice(0)) log(line)
      report = log
      return fetch(request)
    },
  }
}
