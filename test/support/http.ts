// Requests and answers of the service, as tests send and read them.

import { expect } from 'vitest'
import type { AuditEvent } from '../../src/http/audit.ts'
import { expectDocumented } from './audit-reasons.ts'

/** Fields as they are posted. */
export type Fields = Readonly<Record<string, string>>

/** A URL-encoded form; a body that `fetch` gives no content type of its own. */
export const form = (fields: Fields): string => new URLSearchParams({ ...fields }).toString()

export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** An error answer's members. */
export interface ProblemMembers {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly reason?: string
  readonly request_id: string
}

/** Reads an error answer; it must have exactly the members and headers that all of them have. */
export const problemOf = async (response: Response): Promise<ProblemMembers> => {
  expect(response.headers.get('Content-Type')).toBe('application/problem+json')
  expect(response.headers.get('Cache-Control')).toBe('no-store')
  const problem = (await response.json()) as ProblemMembers
  const members = ['type', 'title', 'status', 'code', 'reason', 'request_id']
  const told = problem.reason === undefined ? members.filter((name) => name !== 'reason') : members
  expect(Object.keys(problem)).toEqual(told)
  expect(problem.reason === undefined || problem.code === 'not_admitted').toBe(true)
  expect(problem.type).toBe('about:blank')
  expect(problem.status).toBe(response.status)
  expect(problem.request_id).toBe(response.headers.get('X-Request-Id'))
  return problem
}

/** How a request is refused: the answer to the client, and the reason for the operator. */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly reason: string
  readonly field?: string
}

/** A refusal in short. */
export const expects = (status: number, code: string, reason: string, field?: string): Refusal => ({
  status,
  code,
  reason,
  ...(field !== undefined && { field }),
})

/** A request that can't be split into its fields. */
export const INVALID = (reason: string, field?: string): Refusal =>
  expects(400, 'invalid_request', reason, field)

/** Looks that a request was refused so, and that exactly one audit event says why. */
export const expectRefused = async (
  service: { readonly events: readonly AuditEvent[] },
  response: Response,
  expected: Refusal,
): Promise<ProblemMembers> => {
  const problem = await problemOf(response)
  const { status, code, reason, field } = expected
  const events = service.events.filter(({ request_id: id }) => id === problem.request_id)
  expect(events).toHaveLength(1)
  expect({ ...problem, reason: events[0]?.reason }).toMatchObject({ status, code, reason })
  expect(events[0]).toMatchObject({ code, field })
  expectDocumented({ ...events[0] })
  return problem
}

/** The claims of a token, not verified. */
export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >

/** The answer to an enrollment that was accepted. */
export const enrolled = async (response: Response): Promise<Record<string, unknown>> => {
  const answer = (await response.json()) as Record<string, unknown>
  expect(answer).toMatchObject({ token_type: 'Bearer' })
  return answer
}
