// Applies the policy to an enrollment: which role the instance gets, if any. Pure.

import { type Result, accept, refuse } from '../base/result.ts'
import { decide, namesAccount } from '../policy/decide.ts'
import type { Policy, Role } from '../policy/policy.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import { type EnrollmentRequest, type Refusal, notAdmitted } from './enrollment.ts'

/**
 * Finds the role that an instance enrolls in. If no role names its account, the refusal discloses no reason.
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
  // `same_key` needs a key from the first enrollment on, so an enrollment without one fails at once.
  const rule = role.binding === 'dpop' ? 'binding' : 'reenrollment'
  if (jkt === undefined && (role.binding === 'dpop' || role.reenrollment === 'same_key')) {
    return notAdmitted('key_not_proved', { rule: `roles.${role.name}.${rule}` })
  }
  // Last, because this refusal shows a client that everything before it was accepted.
  if (resource !== undefined && !role.token.audience.includes(resource)) {
    return notAdmitted('resource_not_allowed')
  }
  return accept(role)
}
