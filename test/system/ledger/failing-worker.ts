// The service's Worker with a ledger object that fails, as one that is overloaded does.

import { DurableObject } from 'cloudflare:workers'

// oxlint-disable-next-line import/no-default-export -- what a Worker is
export { default } from '../../../functions/worker.ts'

const fail = async (): Promise<never> => {
  throw new Error('Durable Object is overloaded.\nToo many requests for ban:account/1234567890.')
}

export class LedgerObject extends DurableObject {
  read() {
    return fail()
  }

  compareAndSet() {
    return fail()
  }

  list() {
    return fail()
  }
}
