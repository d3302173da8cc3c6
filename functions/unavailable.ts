// The answer of an entry that can't let a request through to the app: come again.

import { setCommonHeaders } from '../src/http/common-headers.ts'
import { problemResponse } from '../src/http/problems.ts'
import { requestIdOf } from '../src/http/request-id.ts'

/** 503 with `Retry-After`, as the app itself answers when its ledger is away. */
export const unavailable = (request: Request, issuer: string): Response => {
  const requestId = requestIdOf(request)
  const response = problemResponse({ code: 'unavailable', requestId, issuer })
  setCommonHeaders(response.headers, requestId)
  return response
}
