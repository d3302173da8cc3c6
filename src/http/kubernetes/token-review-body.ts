// TokenReview, `authentication.k8s.io/v1`: what the API server posts, and what it reads. Other members, such as `metadata`
// and an empty `status`, come along and are ignored, as in Kubernetes itself.

import type { NodeUser } from '../../admit/kubernetes/node-user.ts'
import type { AskedReview } from '../../admit/kubernetes/token-review.ts'
import { type Result, accept } from '../../base/result.ts'
import type { JsonMembers } from '../request/fields.ts'
import { type RequestRefusal, invalidRequest } from '../request/request-refusal.ts'

/** The only form that is read and written. */
const FORM = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview' } as const

/** `status` of the answer: the user of the token. For a rejected token it gives no reason. */
export type TokenReviewStatus =
  | { readonly authenticated: false }
  | {
      readonly authenticated: true
      readonly user: NodeUser
      /** Never empty, or the API server would take its own. */
      readonly audiences: readonly string[]
    }

const VERSION = `${FORM.apiVersion}; set --authentication-token-webhook-version=v1`

const isMembers = (value: unknown): value is JsonMembers =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isListOfTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string')

const malformed = (field: string, what: string): Result<never, RequestRefusal> =>
  invalidRequest('field_malformed', `The field ${field} must be ${what}`, field)

/**
 * Reads what is asked. Go writes a list that is absent as `null`, or leaves it out.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
 */
export const readTokenReview = (members: JsonMembers): Result<AskedReview, RequestRefusal> => {
  const { apiVersion, kind, spec } = members
  if (kind !== FORM.kind) return malformed('kind', FORM.kind)
  if (apiVersion !== FORM.apiVersion) return malformed('apiVersion', VERSION)
  if (!isMembers(spec)) return malformed('spec', 'an object')
  const token = spec['token']
  const audiences = spec['audiences'] ?? []
  if (typeof token !== 'string' || token === '') return malformed('spec.token', 'a text')
  return isListOfTexts(audiences)
    ? accept({ token, audiences })
    : malformed('spec.audiences', 'a list of texts')
}

/** The answer. Its `spec`, which the schema of Kubernetes requires, is empty: the token goes nowhere. */
export const tokenReviewAnswer = (status: TokenReviewStatus): JsonMembers => ({
  ...FORM,
  spec: {},
  status,
})
