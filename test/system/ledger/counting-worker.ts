// The service's Worker with a namespace that counts how its objects are asked. A request for /test/turns takes the
// counts.

import { env } from 'cloudflare:workers'
import { type Bindings, createWorker } from '../../../functions/create-worker.ts'
import type { ObjectNamespace, ObjectStub } from '../../../src/ledger/durable-object.ts'

export { LedgerObject } from '../../../functions/worker.ts'

/** For each turn the names of the methods that were asked before any of them was answered. */
let turns: string[][] = []
let waiting = 0

const counting = (object: ObjectStub): ObjectStub => {
  const counted =
    <Args extends unknown[], Answer>(name: string, call: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      if (waiting++ === 0) turns.push([])
      turns.at(-1)?.push(name)
      try {
        return await call(...args)
      } finally {
        waiting--
      }
    }
  return {
    read: counted('read', (...args) => object.read(...args)),
    compareAndSet: counted('compareAndSet', (...args) => object.compareAndSet(...args)),
    list: counted('list', (...args) => object.list(...args)),
  }
}

const { LEDGER } = env as Bindings
const namespace: ObjectNamespace<unknown> = {
  idFromName: (name) => LEDGER.idFromName(name),
  get: (id) => counting(LEDGER.get(id)),
}
const worker = createWorker({ ...env, LEDGER: namespace })

// oxlint-disable-next-line import/no-default-export -- what a Worker is
export default {
  async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === '/test/turns') {
      const taken = turns
      turns = []
      return Response.json(taken)
    }
    return worker.fetch(request)
  },
}
