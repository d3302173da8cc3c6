// The service on Cloudflare Workers: configuration from vars and secrets, the ledger in a Durable
// Object. The service is made once per isolate, at its first request.

import { parseConfig } from '../src/config.ts'
import { ConfigurationError } from '../src/errors.ts'
import { type ObjectNamespace, createDurableObjectLedger } from '../src/ledger/durable-object.ts'
import { type Service, createService, say } from '../src/service.ts'
import { unavailable } from './unavailable.ts'

export { LedgerObject } from '../src/ledger/durable-object.ts'

/** What `wrangler.toml` and `wrangler secret put` bind. */
interface Bindings extends Record<string, unknown> {
  readonly LEDGER: ObjectNamespace<unknown>
}

/** A text that `wrangler.toml` has put into the bundle: this runtime has no other files. */
const readFile = async (path: string): Promise<string> =>
  ((await import(path)) as { readonly default: string }).default

const build = async (env: Bindings): Promise<Service> =>
  createService({
    config: await parseConfig(env, { readFile }),
    ledger: createDurableObjectLedger(env.LEDGER),
  })

let service: Promise<Service> | undefined

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    try {
      service ??= build(env)
      return await (await service).fetch(request)
    } catch (error) {
      service = undefined
      say(error instanceof ConfigurationError ? error.message : 'the service cannot start')
      return unavailable(request, '')
    }
  },
}
