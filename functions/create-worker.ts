// Makes the service of a Worker from its bindings, while an isolate starts: no I/O, no timer, nothing random. On a
// bad configuration every request is answered 503, because the variables of an isolate never change. After any other
// failure the next request tries again.

import { ConfigurationError } from '../src/base/errors.ts'
import { parseConfig } from '../src/config.ts'
import { type ObjectNamespace, createDurableObjectLedger } from '../src/ledger/durable-object.ts'
import { type Service, createService, say } from '../src/service.ts'
import { failedService } from './failed-service.ts'

/** The bindings of `wrangler.toml` and `wrangler secret put`. */
export interface Bindings extends Record<string, unknown> {
  readonly LEDGER: ObjectNamespace<unknown>
}

type Report = (line: string) => void
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

/** Makes the handler of requests. A log line belongs to a request: what the start reports is logged at the first one. */
export const createWorker = (env: Bindings, log: Report = say) => {
  const early: string[] = []
  let report: Report = (line) => void early.push(line)
  const make = () => build(env, (line) => report(line))
  // Any other error may come of what a platform forbids while an isolate starts: then the first request makes it.
  const started = make().catch((error: unknown) =>
    error instanceof ConfigurationError ? failedService(error, log) : undefined,
  )
  const unmade = failedService(undefined, log)
  const again = (error: unknown): Service => {
    if (error instanceof ConfigurationError) return failedService(error, log)
    late = undefined
    return unmade
  }
  let late: Promise<Service> | undefined
  return {
    async fetch(request: Request): Promise<Response> {
      const service = (await started) ?? (await (late ??= make().catch(again)))
      for (const line of early.splice(0)) log(line)
      report = log
      return service.fetch(request)
    },
  }
}
