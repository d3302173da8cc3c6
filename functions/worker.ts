// The service on Cloudflare Workers, made once per isolate, at its first request. If it cannot be made, every
// request is answered 503, because the variables and the code of an isolate never change.

import { DurableObject } from 'cloudflare:workers'
import { parseConfig } from '../src/config.ts'
import { ConfigurationError } from '../src/base/errors.ts'
import { unavailable } from '../src/http/unavailable.ts'
import {
  type ObjectNamespace,
  createDurableObjectLedger,
  createLedgerObjectClass,
} from '../src/ledger/durable-object.ts'
import { type Service, createService, say } from '../src/service.ts'

/** The class of the Durable Objects, which `wrangler.toml` names. */
export const LedgerObject = createLedgerObjectClass(DurableObject)

/** The bindings of `wrangler.toml` and `wrangler secret put`. */
interface Bindings extends Record<string, unknown> {
  readonly LEDGER: ObjectNamespace<unknown>
}

/** How often an isolate logs why it cannot start. An operator may open the log later. */
const REPEAT_MS = 60_000

/** A text that `wrangler.toml` has put into the bundle: this runtime has no other files. */
const readFile = async (path: string): Promise<string> =>
  ((await import(path)) as { readonly default: string }).default

const build = async (env: Bindings): Promise<Service> =>
  createService({
    config: await parseConfig(env, { readFile, importKeys: 'when used' }),
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
