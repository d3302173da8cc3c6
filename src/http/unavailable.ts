// The answer to a request that cannot reach the app, because the service starts or stops.

import { requestIdOf, setCommonHeaders } from './common-headers.ts'
import { problemResponse } from './problems.ts'

/** 503 with `Retry-After`: the same answer as the app's when the ledger is unreachable. */
export const unavailable = (request: Request, issuer: string): Response => {
  const requestId = requestIdOf(request)
  const response = problemResponse({ code: 'unavailable', requestId, issuer })
  setCommonHeaders(response.headers, requestId)
  return response
}
