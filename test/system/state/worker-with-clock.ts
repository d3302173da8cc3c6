// The Worker that the cases about state run against: the service of functions/worker.ts, with a clock that a test
// moves on instead of waiting. A POST to CLOCK_PATH says by how many seconds it is ahead.

import { DurableObject } from 'cloudflare:workers'
import { parseConfig } from '../../../src/config.ts'
import {
  type ObjectNamespace,
  createDurableObjectLedger,
  createLedgerObjectClass,
} from '../../../src/ledger/durable-object.ts'
import { type Service, createService } from '../../../src/service.ts'
import { CLOCK_PATH } from './clock-path.ts'

export const LedgerObject = createLedgerObjectClass(DurableObject)

interface Bindings extends Record<string, unknown> {
  readonly LEDGER: ObjectNamespace<unknown>
  readonly CLOCK_AHEAD_SECONDS: string
}

let ahead: number | undefined
let service: Promise<Service> | undefined

// oxlint-disable-next-line import/no-default-export -- what a Worker is
export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    ahead ??= Number(env.CLOCK_AHEAD_SECONDS)
    if (new URL(request.url).pathname === CLOCK_PATH) {
      ahead = Number(await request.text())
      return new Response()
    }
    service ??= parseConfig(env, {}).then((config) =>
      createService({
        config,
        ledger: createDurableObjectLedger(env.LEDGER),
        clock: () => Date.now() / 1000 + (ahead ?? 0),
      }),
    )
    return (await service).fetch(request)
  },
}
