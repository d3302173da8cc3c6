// A body to its checked fields, cheap checks first; everything that is refused before any evidence
// is looked at is refused here.

import type * as v from 'valibot'
import { readBody } from './body.ts'
import { readFields } from './fields.ts'
import { RequestError, invalidRequest } from './request-error.ts'
import { type RequestSchema, checkFields } from './schemas.ts'

/** How requests are read. */
export interface ReadRequestOptions {
  /** Whether a POST may go on; else it is answered with 429. Default: all may. */
  readonly rateLimiter?: (request: Request) => Promise<boolean>
  /** How long a body may take. Default: 10. */
  readonly bodyTimeoutSeconds?: number
}

/**
 * Reads the fields of a request that has a body.
 * @throws RequestError with the code and reason of the check that refused
 */
export const readRequest = async <Schema extends RequestSchema>(
  request: Request,
  schema: Schema,
  { rateLimiter, bodyTimeoutSeconds }: ReadRequestOptions,
): Promise<v.InferOutput<Schema>> => {
  const { headers } = request
  if (new URL(request.url).search !== '') {
    throw invalidRequest('query_not_allowed', 'Fields belong into the body, not into the address')
  }
  if (headers.get('x-fc-invocation-type')?.toLowerCase() === 'async') {
    throw invalidRequest('invocation_async', 'Nobody would read the answer of an asynchronous call')
  }
  if (rateLimiter !== undefined && !(await rateLimiter(request))) {
    throw new RequestError('rate_limited', 'rate_limited')
  }
  const body = await readBody(request, bodyTimeoutSeconds)
  return checkFields(schema, await readFields(body, headers.get('Content-Type')))
}
