// The answer when a request can't reach the app, because the service is starting or stopping.

import { setCommonHeaders } from './common-headers.ts'
import { problemResponse } from './problems.ts'
import { requestIdOf } from './request-id.ts'

/** 503 with `Retry-After`, as the app itself answers when its ledger is away. */
export const unavailable = (request: Request, issuer: string): Response => {
  const requestId = requestIdOf(request)
  const response = problemResponse({ code: 'unavailable', requestId, issuer })
  setCommonHeaders(response.headers, requestId)
  return response
}
