// Whom a cluster lets have certificates of kubelets approved. The built-in approver asks whether the user may create
// the subresource `nodeclient` (for any node) or `selfnodeclient` (for its own name). The rules of RBAC: pkg/apis/rbac
// of Kubernetes. Pure.

import type {
  ClusterRole,
  ClusterRoleBinding,
  LabelSelector,
  PolicyRule,
  Subject,
} from './check-objects.ts'

/** What the approver asks about. */
export type Subresource = 'nodeclient' | 'selfnodeclient'

/** A subject that may, by a binding. */
export interface Grant {
  readonly subject: Subject
  readonly binding: string
  readonly role: string
  /** Whether the role allows everything, as an administrator's role does. */
  readonly isAdministrator: boolean
}

const has = (values: readonly string[], ...wanted: readonly string[]): boolean =>
  wanted.some((value) => values.includes(value))

const allows = (rule: PolicyRule, subresource: Subresource): boolean =>
  has(rule.verbs, 'create', '*') &&
  has(rule.apiGroups, 'certificates.k8s.io', '*') &&
  has(rule.resources, `certificatesigningrequests/${subresource}`, `*/${subresource}`, '*') &&
  // The approver names no object, so a rule for named ones does not apply.
  rule.resourceNames.length === 0

const allowsEverything = (rule: PolicyRule): boolean =>
  has(rule.verbs, '*') && has(rule.apiGroups, '*') && has(rule.resources, '*')

const matches = (
  { labels }: ClusterRole,
  { matchLabels, matchExpressions }: LabelSelector,
): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, operator, values }) => {
    const value = labels[key]
    const isIn = value !== undefined && values.includes(value)
    if (operator === 'In') return isIn
    if (operator === 'NotIn') return !isIn
    // An unknown operator selects everything: the check must not miss a grant.
    return operator === 'DoesNotExist'
      ? value === undefined
      : operator !== 'Exists' || value !== undefined
  })

/** The rules of a role, with those of the roles that it aggregates. */
const rulesOf = (
  role: ClusterRole,
  roles: readonly ClusterRole[],
  seen: ReadonlySet<string> = new Set(),
): readonly PolicyRule[] => {
  if (seen.has(role.name)) return []
  const within = new Set([...seen, role.name])
  return [
    ...role.rules,
    ...roles
      .filter((it) => role.aggregates.some((selector) => matches(it, selector)))
      .flatMap((it) => rulesOf(it, roles, within)),
  ]
}

/**
 * Who may create a subresource of certificate signing requests. They have no namespace, so a RoleBinding grants
 * nothing here.
 */
export const grantsOf = (
  subresource: Subresource,
  roles: readonly ClusterRole[],
  bindings: readonly ClusterRoleBinding[],
): readonly Grant[] =>
  bindings.flatMap(({ name: binding, role: roleName, subjects }) => {
    const role = roles.find(({ name }) => name === roleName)
    const rules = role === undefined ? [] : rulesOf(role, roles)
    if (!rules.some((rule) => allows(rule, subresource))) return []
    const isAdministrator = rules.some(allowsEverything)
    return subjects.map((subject) => ({ subject, binding, role: roleName, isAdministrator }))
  })
