// The service's Worker with a class of objects that answers requests and has no RPC. During a deployment, objects of
// the release before can run beside the new Worker.

// oxlint-disable-next-line import/no-default-export -- what a Worker is
export { default } from '../../../functions/worker.ts'

export class LedgerObject {
  async fetch(): Promise<Response> {
    return Response.json({})
  }
}
