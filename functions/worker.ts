// The service on Cloudflare Workers: configuration from vars and secrets, the ledger in a Durable
// Object. The app is made once per isolate, at its first request.

import { parseConfig } from '../src/config.ts'
import { createEnroller } from '../src/enroll/enroller.ts'
import { ConfigurationError } from '../src/errors.ts'
import { createApp } from '../src/http/index.ts'
import { type ObjectNamespace, createDurableObjectLedger } from '../src/ledger/durable-object.ts'
import { unavailable } from './unavailable.ts'

export { LedgerObject } from '../src/ledger/durable-object.ts'

/** What `wrangler.toml` and `wrangler secret put` bind. */
interface Bindings extends Record<string, unknown> {
  readonly LEDGER: ObjectNamespace<unknown>
}

type App = ReturnType<typeof createApp>

/** A text that `wrangler.toml` has put into the bundle: this runtime has no other files. */
const readFile = async (path: string): Promise<string> =>
  ((await import(path)) as { readonly default: string }).default

const build = async (env: Bindings): Promise<App> => {
  const config = await parseConfig(env, { readFile })
  const { adminKeys } = config
  const ledger = createDurableObjectLedger(env.LEDGER)
  const enroller = await createEnroller({ ...config, ledger })
  return createApp({ enroller, operators: adminKeys && { ledger, adminKeys } })
}

let app: Promise<App> | undefined

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    try {
      app ??= build(env)
      return await (await app).fetch(request)
    } catch (error) {
      app = undefined
      // oxlint-disable-next-line no-console -- the only way to tell the operator
      console.error(
        error instanceof ConfigurationError ? error.message : 'the service cannot start',
      )
      return unavailable(request, '')
    }
  },
}
