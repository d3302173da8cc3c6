// What is allowed in a policy and rarely meant. Pure; for the person who writes the policy.

import { ECS_FIELD_NAMES, type EcsField } from './fields.ts'
import { blocksOverlap, textsOverlap } from './pattern.ts'
import type { Policy, Role } from './policy.ts'

/** Below this life, one token without a renewal is nearly always a slip. */
const SHORT_LIFE_SECONDS = 3600

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

const mixedRules = (roles: readonly Role[]): string[] =>
  roles.flatMap((a, at) =>
    roles
      .slice(at + 1)
      .filter((b) => a.reenrollment !== b.reenrollment && rolesOverlap(a, b))
      .map(
        (b) =>
          `roles ${a.name} (${a.reenrollment}) and ${b.name} (${b.reenrollment}): one instance can match ` +
          'both, and has one record for both; the weaker rule decides what the record is worth',
      ),
  )

const shortLives = (roles: readonly Role[]): string[] =>
  roles
    .filter(
      ({ reenrollment, token }) =>
        reenrollment === 'never' && token.lifetimeSeconds <= SHORT_LIFE_SECONDS,
    )
    .map(
      ({ name, token }) =>
        `role ${name} (never): one token of ${token.lifetimeSeconds} s, and no renewal until an operator ` +
        'resets the instance',
    )

/** Lists what a policy allows and its author may not have meant; empty if there is nothing. */
export const policyWarnings = ({ roles }: Policy): readonly string[] => [
  ...mixedRules(roles),
  ...shortLives(roles),
]
