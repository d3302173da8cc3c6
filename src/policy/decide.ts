// The decision: may this instance enroll, and in which role. Pure: a refusal is a value that names the rule and
// the field, for the operator. No I/O, no clock.

import type { InstanceIdentity } from '../verify/instance-identity.ts'
import { ECS_FIELDS, ECS_FIELD_NAMES, type EcsField } from './fields.ts'
import { matchesField } from './pattern.ts'
import type { Policy, Role } from './policy.ts'

/** Why an instance is not admitted. */
export type DecisionReason =
  /** No role names the account, or the requested role does not. */
  | 'account_not_allowed'
  /** The requested role names the account, but another of its fields does not match. */
  | 'role_not_matched'
  /** No role was requested, and no role that names the account matches. */
  | 'no_role_matches'
  /** The requested role does not exist. */
  | 'role_unknown'

/** What a policy says about an instance. */
export type Decision = Admission | Denial

/** The instance may enroll. */
export interface Admission {
  /** Tells the two decisions apart. */
  readonly allow: true
  /** The role that it may enroll in. */
  readonly role: Role
}

/** The instance may not enroll. */
export interface Denial {
  /** Tells the two decisions apart. */
  readonly allow: false
  /** Why not, for the operator alone. */
  readonly reason: DecisionReason
  /** The requested role; if none was requested, the first role that names the account. */
  readonly role?: string
  /** The path in the policy of the list that has no matching value. */
  readonly rule?: string
  /** The first field that does not match. */
  readonly field?: EcsField
}

const fieldMatches = (role: Role, field: EcsField, identity: InstanceIdentity): boolean => {
  const values = role.match[field]
  return values === undefined || matchesField(field, values, identity[ECS_FIELDS[field]])
}

const firstMismatch = (role: Role, identity: InstanceIdentity): EcsField | undefined =>
  ECS_FIELD_NAMES.find((field) => !fieldMatches(role, field, identity))

/** Whether any role names the account. */
export const namesAccount = ({ roles }: Policy, ownerAccountId: string): boolean =>
  roles.some(({ match }) => match.owner_account_id.includes(ownerAccountId))

/**
 * Decides whether an instance may enroll, and in which role. It is pure: a refusal is a value.
 * @param identity from `verifyInstanceIdentity()`
 * @param policy from `parsePolicy()`
 * @param role the requested role. Default: the first role that matches, in the order of the policy
 * @returns the role, or why there is none
 * @example
 * ```ts
 * import { decide, parsePolicy, parseTrustAnchors, verifyInstanceIdentity } from 'rollcall'
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { createMetadataClient } from 'rollcall/metadata'
 *
 * const policy = parsePolicy({
 *   roles: {
 *     worker: {
 *       match: { owner_account_id: ['1609123456789012'] },
 *       token: { audience: ['https://cluster.example'] },
 *       reenrollment: 'never',
 *     },
 *   },
 * })
 * const { fetch, certificatePem } = await createMetadataEmulator()
 * const audience = 'a-nonce'
 * const evidence = await createMetadataClient({ fetch }).evidence({ audience })
 * const trustAnchors = await parseTrustAnchors(certificatePem)
 * const identity = await verifyInstanceIdentity(evidence, { audience, trustAnchors })
 *
 * const decision = decide(identity, policy, 'worker')
 * console.log(decision.allow || decision.reason) // account_not_allowed
 * ```
 */
export const decide = (identity: InstanceIdentity, policy: Policy, role?: string): Decision => {
  const { roles } = policy
  const asked = role === undefined ? roles : roles.filter(({ name }) => name === role)
  if (asked.length === 0) return { allow: false, reason: 'role_unknown' }

  let closest: { role: Role; field: EcsField } | undefined
  for (const candidate of asked) {
    const field = firstMismatch(candidate, identity)
    if (field === undefined) return { allow: true, role: candidate }
    if (closest === undefined && field !== 'owner_account_id') closest = { role: candidate, field }
  }
  if (closest === undefined) return { allow: false, reason: 'account_not_allowed' }
  const { name } = closest.role
  const reason = role === undefined ? 'no_role_matches' : 'role_not_matched'
  const { field } = closest
  return { allow: false, reason, role: name, rule: `roles.${name}.match.${field}`, field }
}
