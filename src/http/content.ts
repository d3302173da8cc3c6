// What an answer says. Handlers give it as data; the answer itself is made once, when nothing can stop it any more.

import { type PlainHeaders, headersWith } from './common-headers.ts'

/** The body of an answer that is no problem, and how it is labelled. */
export interface Content {
  /** Absent: the answer has no body. */
  readonly body?: string
  /** `Content-Type`; there if `body` is. */
  readonly type?: string
  /** `Cache-Control`. Default: `no-store`. */
  readonly cacheControl?: string
  /** Headers of this answer alone, by their names in lower case. */
  readonly headers?: Readonly<PlainHeaders>
}

/** JSON. */
export const jsonContent = (value: unknown): Content => ({
  body: JSON.stringify(value),
  type: 'application/json',
})

/** Makes the answer. @param status default: 200 */
export const contentResponse = (
  { body, type, cacheControl, headers: own }: Content,
  requestId: string,
  status = 200,
): Response => {
  const headers = headersWith(requestId, {
    ...(cacheControl !== undefined && { 'cache-control': cacheControl }),
    ...(type !== undefined && { 'content-type': type }),
    ...own,
  })
  return new Response(body ?? null, { status, headers })
}
