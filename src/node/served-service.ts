// What a server serves. The entries put it together; this folder knows nothing of the service itself.

import type { ListenAddress } from './listening.ts'

/** A service, where it listens, and what it says. */
export interface ServedService {
  readonly config: ListenAddress & { readonly issuer: string }
  /** Answers a request; it never rejects. @param source where the runtime has the body, if not in the request: on Node `{ incoming }` */
  fetch(request: Request, source?: object): Promise<Response>
  /** The answer to a request that comes while the service stops. */
  unavailable(request: Request): Response
  /** Takes each line for the operator. */
  report(line: string): void
  /** Fulfilled once audit events can't be written: then the service stops with status 3. */
  readonly failed: Promise<void>
}
