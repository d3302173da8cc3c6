// What a policy says of a captured document, role by role. The document is read as verification reads
// it; that the cloud signed it is not asked.

import { type IdentityDocument, readIdentityDocument } from '../codec/identity-document.ts'
import { type DecisionReason, decide } from './decide.ts'
import { ECS_FIELDS, type EcsField } from './fields.ts'
import type { Policy } from './policy.ts'

/** What one role says. */
export interface RoleOutcome {
  readonly role: string
  readonly matches: boolean
  /** The first field that differs, what the document has there, and what the role allows. */
  readonly field?: EcsField
  readonly found?: string
  readonly allowed?: readonly string[]
}

/** What the policy says. */
export interface Explanation {
  readonly document: IdentityDocument
  /** The role that is given; absent if none is. */
  readonly role?: string
  readonly reason?: DecisionReason
  /** The path in the policy of what refuses. */
  readonly rule?: string
  readonly field?: EcsField
  /** The role asked for, or all, in the policy's order. */
  readonly roles: readonly RoleOutcome[]
}

/**
 * Decides as the service would for this document.
 * @param role the role asked for, if one is
 * @throws InstanceIdentityError for a document that verification would refuse
 */
export const explain = (policy: Policy, bytes: Uint8Array, role?: string): Explanation => {
  const document = readIdentityDocument(bytes)
  // Only its fields are decided on.
  const identity = { ...document, trustAnchor: '', digest: '' }
  const roles = policy.roles
    .filter(({ name }) => role === undefined || name === role)
    .map(({ name, match }): RoleOutcome => {
      const decision = decide(identity, policy, name)
      if (decision.allow) return { role: name, matches: true }
      const field = decision.field ?? 'owner_account_id'
      const found = identity[ECS_FIELDS[field]]
      return { role: name, matches: false, field, found, allowed: match[field] ?? [] }
    })
  const decision = decide(identity, policy, role)
  if (decision.allow) return { document, role: decision.role.name, roles }
  const { reason, rule, field } = decision
  return { document, reason, roles, ...(rule && { rule }), ...(field && { field }) }
}
