// A body to its checked fields, cheap checks first; everything that is refused before any evidence
// is looked at is refused here.

import type * as v from 'valibot'
import type { Bytes } from '../../base/bytes.ts'
import { type Result, refuse } from '../../base/result.ts'
import { type RequestSource, readBody } from './body.ts'
import { type BodyType, type JsonMembers, readFields, readJsonObject } from './fields.ts'
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

/** Reads the bytes of a body. */
const readBytes = async (
  { request, source }: RequestInHand,
  { rateLimiter, bodyTimeoutSeconds }: ReadRequestOptions,
): Promise<Result<Bytes, RequestRefusal>> => {
  if (request.headers.get('x-fc-invocation-type')?.toLowerCase() === 'async') {
    return invalidRequest(
      'invocation_async',
      'Asynchronous calls are not supported; call synchronously',
    )
  }
  if (rateLimiter !== undefined && !(await rateLimiter(request))) {
    return refuse({ code: 'rate_limited', reason: 'rate_limited' })
  }
  return readBody(request, source, bodyTimeoutSeconds)
}

/** Reads the names and values of a body, of one of the types that a call takes. */
const readPosted = async (
  hand: RequestInHand,
  options: ReadRequestOptions,
  taken?: readonly BodyType[],
): Promise<Result<ReadonlyMap<string, string>, RequestRefusal>> => {
  const { url, headers } = hand.request
  if (splitUrl(url).query !== '') {
    return invalidRequest('query_not_allowed', 'Send the fields in the body, not in the address')
  }
  const body = await readBytes(hand, options)
  return body.ok ? readFields(body.value, headers.get('Content-Type'), taken) : body
}

/**
 * Reads the fields of a request that has a body.
 * @returns the fields, or the code and reason of the check that refused
 */
export const readRequest = async <Schema extends RequestSchema>(
  hand: RequestInHand,
  schema: Schema,
  options: ReadRequestOptions,
): Promise<Result<v.InferOutput<Schema>, RequestRefusal>> => {
  const fields = await readPosted(hand, options)
  return fields.ok ? checkFields(schema, fields.value) : fields
}

const FORM_ALONE: readonly BodyType[] = ['application/x-www-form-urlencoded']
const FORM_TITLE = 'Send application/x-www-form-urlencoded, in UTF-8 and not compressed'

/**
 * Reads the parameters of an OAuth call (RFC 6749 section 3.2): a URL-encoded form and nothing else. A parameter
 * without a value counts as absent, unknown ones are ignored, one that occurs twice is refused.
 * @param schema must allow unknown fields
 * @returns the parameters, or the code and reason of the check that refused
 */
export const readOAuthRequest = async <Schema extends RequestSchema>(
  hand: RequestInHand,
  schema: Schema,
  options: ReadRequestOptions,
): Promise<Result<v.InferOutput<Schema>, RequestRefusal>> => {
  const fields = await readPosted(hand, options, FORM_ALONE)
  if (!fields.ok) {
    const { code } = fields.refusal
    return code === 'unsupported_media_type'
      ? refuse({ ...fields.refusal, title: FORM_TITLE })
      : fields
  }
  const sent = [...fields.value].filter(([, value]) => value !== '')
  return checkFields(schema, new Map(sent))
}

/**
 * Reads a request whose body is a JSON object of somebody else's form. Its query is ignored: the caller may add to it.
 * @returns the members of the object, or the code and reason of the check that refused
 */
export const readJsonRequest = async (
  hand: RequestInHand,
  options: ReadRequestOptions,
): Promise<Result<JsonMembers, RequestRefusal>> => {
  const body = await readBytes(hand, options)
  return body.ok ? readJsonObject(body.value, hand.request.headers.get('Content-Type')) : body
}
