// A body to its checked fields, cheap checks first; everything that is refused before any evidence
// is looked at is refused here.

import type * as v from 'valibot'
import { type Result, refuse } from '../../base/result.ts'
import { type RequestSource, readBody } from './body.ts'
import { readFields } from './fields.ts'
import { checkFields } from './check-fields.ts'
import { type RequestRefusal, invalidRequest } from './request-refusal.ts'
import type { RequestSchema } from './schemas.ts'
import { splitUrl } from './split-url.ts'

/** How requests are read. */
export interface ReadRequestOptions {
  /** Whether a POST may go on; else it is answered with 429. Default: all may. */
  readonly rateLimiter?: (request: Request) => Promise<boolean>
  /** How long a body may take. Default: 10. */
  readonly bodyTimeoutSeconds?: number
}

/** A request, and where its body is. */
export interface RequestInHand {
  readonly request: Request
  readonly source: RequestSource | undefined
}

/** The request that a call answers. */
export const inHand = ({
  req,
  env,
}: {
  readonly req: { readonly raw: Request }
  readonly env: RequestSource | undefined
}): RequestInHand => ({ request: req.raw, source: env })

/**
 * Reads the fields of a request that has a body.
 * @returns the fields, or the code and reason of the check that refused
 */
export const readRequest = async <Schema extends RequestSchema>(
  { request, source }: RequestInHand,
  schema: Schema,
  { rateLimiter, bodyTimeoutSeconds }: ReadRequestOptions,
): Promise<Result<v.InferOutput<Schema>, RequestRefusal>> => {
  const { headers } = request
  if (splitUrl(request.url).query !== '') {
    return invalidRequest('query_not_allowed', 'Send the fields in the body, not in the address')
  }
  if (headers.get('x-fc-invocation-type')?.toLowerCase() === 'async') {
    return invalidRequest(
      'invocation_async',
      'Asynchronous calls are not supported; call synchronously',
    )
  }
  if (rateLimiter !== undefined && !(await rateLimiter(request))) {
    return refuse({ code: 'rate_limited', reason: 'rate_limited' })
  }
  const body = await readBody(request, source, bodyTimeoutSeconds)
  if (!body.ok) return body
  const fields = readFields(body.value, headers.get('Content-Type'))
  return fields.ok ? checkFields(schema, fields.value) : fields
}
