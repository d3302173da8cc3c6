// What a policy says about a captured document, role by role. The document is read as strictly as in
// verification, but its signature is not checked.

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
  /** The role that the instance would enroll in; absent if it may not enroll. */
  readonly role?: string
  readonly reason?: DecisionReason
  /** The path in the policy of the list that has no matching value. */
  readonly rule?: string
  readonly field?: EcsField
  /** The requested role, or all roles in the order of the policy. */
  readonly roles: readonly RoleOutcome[]
}

/**
 * Decides as the service would for this document.
 * @param role the requested role, if any
 * @throws InstanceIdentityError `document_malformed` for a document that verification would refuse
 */
export const explain = (policy: Policy, bytes: Uint8Array, role?: string): Explanation => {
  const document = readIdentityDocument(bytes)
  // The decision uses the fields of the document alone.
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
