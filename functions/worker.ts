// The service on Cloudflare Workers: configuration from vars and secrets, the ledger in a Durable
// Object. The service is made once per isolate, at its first request. What cannot be made answers 503: neither
// the variables nor the code of an isolate ever change.

import { parseConfig } from '../src/config.ts'
import { ConfigurationError } from '../src/base/errors.ts'
import { unavailable } from '../src/http/unavailable.ts'
import { type ObjectNamespace, createDurableObjectLedger } from '../src/ledger/durable-object.ts'
import { type Service, createService, say } from '../src/service.ts'

export { LedgerObject } from '../src/ledger/durable-object.ts'

/** What `wrangler.toml` and `wrangler secret put` bind. */
interface Bindings extends Record<string, unknown> {
  readonly LEDGER: ObjectNamespace<unknown>
}

/** How often an isolate repeats why it cannot start: an operator may open the log after the first time. */
const REPEAT_MS = 60_000

/** A text that `wrangler.toml` has put into the bundle: this runtime has no other files. */
const readFile = async (path: string): Promise<string> =>
  ((await import(path)) as { readonly default: string }).default

const build = async (env: Bindings): Promise<Service> =>
  createService({
    config: await parseConfig(env, { readFile }),
    ledger: createDurableObjectLedger(env.LEDGER),
  })

let saidAt = -Infinity
/** Answers every request 503, and says why in the log, once in a while. */
const failed = (error: unknown): Service => {
  const message = error instanceof ConfigurationError ? error.message : 'the service cannot start'
  return {
    fetch: async (request) => {
      const now = Date.now()
      if (now - saidAt >= REPEAT_MS) {
        saidAt = now
        say(message)
      }
      return unavailable(request, '')
    },
  }
}

let service: Promise<Service> | undefined

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    service ??= build(env).catch(failed)
    return (await service).fetch(request)
  },
}
