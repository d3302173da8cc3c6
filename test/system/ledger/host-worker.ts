// The Worker that hosts the Durable Object ledger for the tests. Its objects can be broken: then each
// aborts when it is asked something, as the platform does when it loses one.

import { DurableObject } from 'cloudflare:workers'
import type { Ledger, LedgerEntry } from '../../../src/ledger/ledger.ts'
import {
  type ObjectNamespace,
  type ObjectState,
  createDurableObjectLedger,
  createLedgerObjectClass,
} from '../../../src/ledger/durable-object.ts'
import { CALLS_PATH, type LedgerCall, answerCalls } from './host-calls.ts'

type State = ObjectState & { abort(reason: string): void }

// Worker and objects share an isolate here, as they do on no other machine.
let broken = false

export class TestLedgerObject extends createLedgerObjectClass(DurableObject) {
  readonly #state: State

  constructor(state: State, env: unknown) {
    super(state, env)
    this.#state = state
  }

  #breakIfAsked(): void {
    if (broken) this.#state.abort('broken by the test')
  }

  override read(key: string, now: number) {
    this.#breakIfAsked()
    return super.read(key, now)
  }

  override compareAndSet(entry: LedgerEntry, expected: string | undefined, now: number) {
    this.#breakIfAsked()
    return super.compareAndSet(entry, expected, now)
  }

  override list(kind: string, page: Parameters<Ledger['list']>[1], now: number) {
    this.#breakIfAsked()
    return super.list(kind, page, now)
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
