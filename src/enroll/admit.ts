// The policy's word on an enrollment: as what, if at all. Pure.

import { type Result, accept, refuse } from '../base/result.ts'
import { decide, namesAccount } from '../policy/decide.ts'
import type { Policy, Role } from '../policy/policy.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import { type EnrollmentRequest, type Refusal, notAdmitted } from './enrollment.ts'

/**
 * Finds the role that an instance enrolls as. An instance of an account that no role names is told nothing.
 * @param jkt thumbprint of the key that was proved, if one was
 */
export const admit = (
  identity: InstanceIdentity,
  policy: Policy,
  { role: asked, resource }: Pick<EnrollmentRequest, 'role' | 'resource'>,
  jkt: string | undefined,
): Result<Role, Refusal> => {
  if (!namesAccount(policy, identity.ownerAccountId)) {
    return refuse({ code: 'not_admitted', reason: 'account_not_allowed' })
  }
  const decision = decide(identity, policy, asked)
  if (!decision.allow) {
    const { reason, rule, field } = decision
    return notAdmitted(reason, { rule, field })
  }
  const { role } = decision
  // `same_key` means nothing without a key: better found out at the first enrollment than at the second.
  const rule = role.binding === 'dpop' ? 'binding' : 'reenrollment'
  if (jkt === undefined && (role.binding === 'dpop' || role.reenrollment === 'same_key')) {
    return notAdmitted('key_not_proved', { rule: `roles.${role.name}.${rule}` })
  }
  // Last: a client that asks for an audience of its own making learns thereby that all else is good.
  if (resource !== undefined && !role.token.audience.includes(resource)) {
    return notAdmitted('resource_not_allowed')
  }
  return accept(role)
}
