// Classifies an answer: the success that the call expects, a problem document of the service, or
// the answer of another server at its address or in front of it. A status alone does not show which
// server answered.

import type { SentAnswer } from '../base/wire/answers.ts'
import { ENROLLMENT_ANSWERS } from '../base/wire/enrollment-answers.ts'
import { printable } from '../base/text.ts'
import { type Answer, type CallResult, parseJson } from './call.ts'
import type { NoAnswer } from './no-answer.ts'

/** The codes of the service's problem documents (RFC 9457). */
export type ProblemCode = SentAnswer<'Problem'>['code']

/** Why the service does not admit an instance, as far as the instance may know. */
export type RefusalReason =
  /** No role matches the instance. */
  | 'no_role_matches'
  /** The role requires a key, and the instance proved none. */
  | 'key_required'
  /** The role has no such audience. */
  | 'resource_not_allowed'
  /** The role lets an instance enroll once, and this instance has enrolled before. */
  | 'already_enrolled'
  /** The first enrollment had another key, or none. */
  | 'key_changed'
  /** The image is the same as at the latest enrollment. */
  | 'image_unchanged'

/** A problem document of the service. */
export interface ServiceProblem {
  readonly code: ProblemCode
  /** A sentence for people; it may hold control characters. */
  readonly title: string
  /** With `not_admitted`; `undefined` too for one that this version does not know. */
  readonly reason: RefusalReason | undefined
  readonly requestId: string | undefined
}

/** How a call ended. */
export type Reading =
  /** Success. The body has not been checked. */
  | { readonly kind: 'expected'; readonly answer: Answer }
  | { readonly kind: 'problem'; readonly answer: Answer; readonly problem: ServiceProblem }
  /** Something else answers: a proxy, a CDN, another server. */
  | { readonly kind: 'foreign'; readonly answer: Answer }
  | ({ readonly kind: 'none' } & NoAnswer)

/** A call without success. */
export type Failure = Exclude<Reading, { readonly kind: 'expected' }>

const { code: CODE, reason: REASON } = ENROLLMENT_ANSWERS.Problem.properties
const CODES: ReadonlySet<unknown> = /* @__PURE__ */ new Set(CODE.enum)
const REASONS: ReadonlySet<unknown> = /* @__PURE__ */ new Set(REASON.enum)

const isCode = (value: unknown): value is ProblemCode => CODES.has(value)
const isReason = (value: unknown): value is RefusalReason => REASONS.has(value)

/** Longest texts that are shown, in characters. */
const MAX_TITLE = 300
const MAX_REQUEST_ID = 64
const MAX_HEADER = 200

const shortText = (value: unknown, limit: number): string | undefined =>
  typeof value === 'string' && value.length <= limit ? value : undefined

/** The media type of an answer, in lower case and without parameters; empty if it has none. */
const mediaTypeOf = ({ headers }: Answer): string =>
  (headers.get('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

const readProblem = (answer: Answer): ServiceProblem | undefined => {
  if (mediaTypeOf(answer) !== 'application/problem+json') return undefined
  const value = parseJson(answer.text)
  if (typeof value !== 'object' || value === null) return undefined
  const { code, status, title, reason, request_id: id } = value as Record<string, unknown>
  if (!isCode(code) || status !== answer.status) return undefined
  return {
    code,
    title: shortText(title, MAX_TITLE) ?? '',
    reason: isReason(reason) ? reason : undefined,
    requestId: shortText(id, MAX_REQUEST_ID),
  }
}

/**
 * Whether an answer without a body comes from the service: each of its answers has a request id.
 */
const isBare = ({ text, headers }: Answer): boolean => text === '' && headers.has('X-Request-Id')

/**
 * Classifies an answer.
 * @param mediaType the expected media type of a success; `undefined`: status 200 is enough
 */
export const readingOf = (result: CallResult, mediaType: string | undefined): Reading => {
  if (!result.ok) return { kind: 'none', ...result.refusal }
  const answer = result.value
  const problem = readProblem(answer)
  if (problem !== undefined) return { kind: 'problem', answer, problem }
  const isWanted = mediaType === undefined ? isBare(answer) : mediaTypeOf(answer) === mediaType
  return { kind: answer.status === 200 && isWanted ? 'expected' : 'foreign', answer }
}

const PASSING: ReadonlySet<ProblemCode> = /* @__PURE__ */ new Set([
  'rate_limited',
  'unavailable',
  'internal_error',
  'request_timeout',
] as const)

/**
 * Whether the same call may succeed later. Another server in front of the service may be there for
 * a short time only.
 */
export const mayPass = (failure: Failure): boolean => {
  if (failure.kind === 'none') return failure.passes
  return failure.kind === 'foreign' || PASSING.has(failure.problem.code)
}

const header = (answer: Answer, name: string): string =>
  printable(answer.headers.get(name) ?? '').slice(0, MAX_HEADER)

/** Describes the answer of another server, without its body. */
const describeForeign = (answer: Answer): string => {
  const type = printable(mediaTypeOf(answer)).slice(0, MAX_HEADER)
  const [server, location] = [header(answer, 'Server'), header(answer, 'Location')]
  const isRedirect = answer.status >= 300 && answer.status <= 399 && location !== ''
  return [
    `${answer.status}${type === '' ? '' : ` ${type}`}`,
    ...(server === '' ? [] : [`server ${server}`]),
    ...(isRedirect ? [`it leads to ${location}`] : []),
  ].join(', ')
}

/** `the service answered 403 (key_required), request r-1`. */
export const describeProblem = ({ answer, problem }: Failure & { kind: 'problem' }): string => {
  const { reason, requestId } = problem
  const why = reason === undefined ? '' : ` (${reason})`
  const request = requestId === undefined ? '' : `, request ${printable(requestId)}`
  return `the service answered ${answer.status}${why}${request}`
}

/**
 * What happened, in one line: the title of a problem, or the status and headers of another server's
 * answer.
 * @param issuer the address of the service. Default: the line names no address
 */
export const describeFailure = (failure: Failure, issuer?: string): string => {
  if (failure.kind === 'none') return failure.detail
  if (failure.kind === 'foreign') {
    const where = issuer === undefined ? '' : ` at ${issuer}`
    return `something else answers${where}: ${describeForeign(failure.answer)}`
  }
  const { title } = failure.problem
  return `${describeProblem(failure)}${title === '' ? '' : `: ${printable(title)}`}`
}
