// Answers in place of the service's own: a problem document as the service makes it, and a page as a proxy, a CDN or
// an Ingress makes it.

import { type Problem, type ProblemCode, problemResponse } from '../../src/http/problems.ts'

/** What may differ from a usual problem document. */
export type ProblemOptions = Partial<Pick<Problem, 'title' | 'reason' | 'scope' | 'requestId'>> & {
  readonly headers?: Readonly<Record<string, string>>
}

/** A problem document. Unless `headers` has one there is no `Retry-After`, so that a client waits as it wants. */
export const problem = (code: ProblemCode, options: ProblemOptions = {}): Response => {
  const { headers = {}, requestId = 'r-1', ...more } = options
  const response = problemResponse({
    code,
    requestId,
    issuer: 'https://rollcall.test',
    ...more,
  })
  response.headers.delete('Retry-After')
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

/** A problem document of a server that writes anything into it, also what no header can hold. */
export const hostileProblem = (members: { title: string; request_id: string }): Response =>
  Response.json(
    { type: 'about:blank', code: 'invalid_request', status: 400, ...members },
    { status: 400, headers: { 'Content-Type': 'application/problem+json' } },
  )

/** A page of another server. */
export const htmlPage = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response('<html><body>front</body></html>', {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers },
  })
