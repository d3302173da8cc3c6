// The Worker that hosts the Durable Object ledger for the tests. Its objects can be broken: then each
// aborts when it is asked something, as the platform does when it loses one.

import { LedgerObject, createDurableObjectLedger } from '../../../src/ledger/durable-object.ts'
import type { ObjectNamespace } from '../../../src/ledger/durable-object.ts'
import { CALLS_PATH, type LedgerCall, answerCalls } from './host-calls.ts'

type State = ConstructorParameters<typeof LedgerObject>[0] & { abort(reason: string): void }

// Worker and objects share an isolate here, as they do on no other machine.
let broken = false

export class TestLedgerObject extends LedgerObject {
  readonly #state: State

  constructor(state: State) {
    super(state)
    this.#state = state
  }

  override fetch(request: Request): Promise<Response> {
    if (broken) this.#state.abort('broken by the test')
    return super.fetch(request)
  }
}

// oxlint-disable-next-line import/no-default-export -- what a Worker is
export default {
  async fetch(request: Request, env: { LEDGER: ObjectNamespace<unknown> }): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/break') broken = true
    if (pathname === '/mend') broken = false
    if (pathname !== CALLS_PATH) return new Response('')
    const calls = (await request.json()) as LedgerCall[]
    return Response.json(await answerCalls(createDurableObjectLedger(env.LEDGER), calls))
  },
}
