// Warnings about a valid policy that is probably a mistake, for its author. Pure.

import { audienceTwins } from './audiences.ts'
import { ECS_FIELD_NAMES, type EcsField } from './fields.ts'
import { blocksOverlap, textsOverlap } from './pattern.ts'
import type { Policy, Role } from './policy.ts'

const fieldsOverlap = (a: Role, b: Role, field: EcsField): boolean => {
  const [ours, theirs] = [a.match[field], b.match[field]]
  if (ours === undefined || theirs === undefined) return true
  const overlap =
    field === 'owner_account_id'
      ? (one: string, other: string) => one === other
      : field === 'private_ipv4'
        ? blocksOverlap
        : textsOverlap
  return ours.some((one) => theirs.some((other) => overlap(one, other)))
}

/** Whether one instance can match both roles. */
export const rolesOverlap = (a: Role, b: Role): boolean =>
  ECS_FIELD_NAMES.every((field) => fieldsOverlap(a, b, field))

/** What goes wrong for an instance that matches two roles with different rules. */
const mixedRules = (a: Role, b: Role): string => {
  const who = `roles ${a.name} (${a.reenrollment}) and ${b.name} (${b.reenrollment})`
  const once = [a, b].find(({ reenrollment }) => reenrollment === 'never')
  const effect =
    once === undefined
      ? 'the record protects only as well as the weaker rule'
      : `an enrollment in the other role uses up ${once.name}`
  return `${who}: one instance can match both, and has one record for both; ${effect}`
}

/** Lists what a policy allows and its author may not want; empty if there is no warning. */
export const policyWarnings = (policy: Policy): readonly string[] => [
  ...policy.roles.flatMap((a, at) =>
    policy.roles
      .slice(at + 1)
      .filter((b) => a.reenrollment !== b.reenrollment && rolesOverlap(a, b))
      .map((b) => mixedRules(a, b)),
  ),
  ...audienceTwins(policy),
]
