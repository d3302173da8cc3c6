// The answer to a request that cannot reach the app, because the service starts or stops.

import { requestIdOf } from './common-headers.ts'
import { problemResponse } from './problems.ts'

/** 503 with `Retry-After`: the same answer as the app's when the ledger is unreachable. */
export const unavailable = (request: Request, issuer: string): Response =>
  problemResponse({ code: 'unavailable', requestId: requestIdOf(request), issuer })
