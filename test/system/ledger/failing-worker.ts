// The service's Worker with a ledger object that fails, as one that is overloaded does.

// oxlint-disable-next-line import/no-default-export -- what a Worker is
export { default } from '../../../functions/worker.ts'

export class LedgerObject {
  async fetch(): Promise<Response> {
    throw new Error('Durable Object is overloaded.\nToo many requests for ban:account/1234567890.')
  }
}
