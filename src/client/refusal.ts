// The error of an enrollment that the service does not complete: what happened, and what to do
// about it. One table for the library, the command and its `doctor`.

import { printable } from '../base/text.ts'
import {
  type Failure,
  type ProblemCode,
  type RefusalReason,
  type ServiceProblem,
  describeFailure,
  describeProblem,
  mayPass,
} from './answer.ts'
import { ClientError } from './client-error.ts'

/** What happened, and what to do. A remedy begins a new line. */
type Said = readonly [what: string, remedy: string]

const BY_REASON: Readonly<Record<RefusalReason, Said>> = {
  no_role_matches: [
    'no role of the policy matches this instance',
    'Check the name of the role and the policy: rollcall policy check FILE --document -',
  ],
  key_required: [
    'the role needs a key, and none was shown',
    'Bind a key: rollcall enroll --dpop-key FILE',
  ],
  resource_not_allowed: [
    'the role has no such audience',
    'Ask for one of the audiences of the role, or for no resource',
  ],
  already_enrolled: [
    'this instance has enrolled before, and its role allows one enrollment',
    'An operator can allow one more: rollcall admin reset',
  ],
  key_changed: [
    'the first enrollment of this instance had another key, or none',
    'Use the key of the first enrollment. If it had none, or the key is lost, have an operator reset the instance',
  ],
  image_unchanged: [
    'this instance has enrolled with this image before, and its role requires a new one',
    'Deploy it again with a new image, or have an operator reset the instance',
  ],
}

/** What to do about an answer that the same version of the service never sends. */
export const VERSIONS_DIFFER =
  'Client and service seem to be of different versions; update the older one'

/** Who knows the reason of a refusal, within a sentence. `bootstrap.sh` says the same. */
export const FOUND_IN_AUDIT =
  'ask the operator of the service for the reason in the audit event of this request'

/** The same, as a sentence. */
export const IN_AUDIT =
  'Ask the operator of the service for the reason in the audit event of this request'

/** The text for each code. Only the operator learns the cause of the first three. */
const BY_CODE: Readonly<Partial<Record<ProblemCode, Said>>> = {
  invalid_evidence: [
    'the identity of this instance was not accepted',
    `${IN_AUDIT}; a test cloud must be in ROLLCALL_TRUST_ANCHORS`,
  ],
  invalid_dpop_proof: ['the proof of the key was not accepted', IN_AUDIT],
  not_admitted: [
    'this instance is not admitted',
    `${IN_AUDIT}: no role names the account, or there is a ban`,
  ],
  payload_too_large: [
    'the request is too long',
    'Shorten the resource, and check that this is the metadata service of ECS',
  ],
}

const refusalSaid = (problem: ServiceProblem): Said => {
  const { code, reason, title } = problem
  if (code === 'not_admitted' && reason !== undefined) return BY_REASON[reason]
  return BY_CODE[code] ?? [title === '' ? code : printable(title), VERSIONS_DIFFER]
}

const LATER = 'try again later'

const isLimited = ({ code }: ServiceProblem): boolean => code === 'rate_limited'

/** What to check if another server answers. */
export const FOREIGN_REMEDY = 'check the address and the proxies in front of the service'

/** A problem document that a retry does not change. */
type Decision = Failure & { readonly kind: 'problem' }

/** The decision of the service. @returns `undefined` if a retry may end otherwise */
export const decisionOf = (failure: Failure): Decision | undefined =>
  failure.kind === 'problem' && !mayPass(failure) ? failure : undefined

/** The error of a failure without {@link decisionOf}: the service is not available, or another server answers. */
export const undecidedError = (issuer: string, failure: Failure): ClientError => {
  if (failure.kind === 'none') {
    const { code, detail, remedy } = failure
    return new ClientError(`${issuer} is not available (${detail})`, { code, remedy })
  }
  const { status } = failure.answer
  if (failure.kind === 'foreign') {
    const detail = describeFailure(failure, issuer)
    return new ClientError(detail, { code: 'foreign_answer', remedy: FOREIGN_REMEDY, status })
  }
  const detail = `${issuer} is not available (${describeFailure(failure)})`
  const remedy = isLimited(failure.problem) ? LATER : `${LATER}; its log names the cause`
  return new ClientError(detail, { code: 'unavailable', remedy, status })
}

/** The error for this failure of an enrollment. */
export const enrollmentError = (issuer: string, failure: Failure): ClientError => {
  const decision = decisionOf(failure)
  if (decision === undefined) return undecidedError(issuer, failure)
  const { problem, answer } = decision
  const [what, remedy] = refusalSaid(problem)
  return new ClientError(`${issuer} refused: ${describeProblem(decision)}: ${what}`, {
    code: 'enrollment_refused',
    reason: problem.code === 'not_admitted' ? problem.reason : undefined,
    remedy,
    status: answer.status,
  })
}
