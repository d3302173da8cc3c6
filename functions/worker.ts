// The service on Cloudflare Workers. It is made while an isolate starts, which has a budget of its own: so the first
// request, which has 10 ms on the free plan, need not read the configuration.

import { DurableObject, env } from 'cloudflare:workers'
import { createLedgerObjectClass } from '../src/ledger/durable-object.ts'
import { type Bindings, createWorker } from './create-worker.ts'

/** The class of the Durable Objects, which `wrangler.toml` names. */
export const LedgerObject = createLedgerObjectClass(DurableObject)

export default createWorker(env as Bindings)
