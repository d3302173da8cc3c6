// The objects of a cluster that the check looks at, read from the JSON of kubectl: only the members that count. Pure.

/** A rule of a ClusterRole (`rbac.authorization.k8s.io/v1`, `PolicyRule`). */
export interface PolicyRule {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
}

/** A selector of labels. */
export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>
  readonly matchExpressions: readonly {
    readonly key: string
    readonly operator: string
    readonly values: readonly string[]
  }[]
}

/** A ClusterRole. */
export interface ClusterRole {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly rules: readonly PolicyRule[]
  /** It has the rules of each role that one of these selects, too. */
  readonly aggregates: readonly LabelSelector[]
}

/** Who a binding is for. */
export interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace: string
}

/** A ClusterRoleBinding. */
export interface ClusterRoleBinding {
  readonly name: string
  readonly role: string
  readonly subjects: readonly Subject[]
}

/** A pod of the control plane. */
export interface ControlPlanePod {
  readonly name: string
  /** Such as `kube-apiserver`. */
  readonly component: string
  /** Command and arguments of its container. */
  readonly words: readonly string[]
}

/** A rule of a ValidatingAdmissionPolicy: which requests it is about. */
export interface AdmissionRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly operations: readonly string[]
}

/** A ValidatingAdmissionPolicy. */
export interface AdmissionPolicy {
  readonly name: string
  /** `failurePolicy`: `Fail` or `Ignore`. */
  readonly fails: string
  readonly rules: readonly AdmissionRule[]
  /** Of its validations, in CEL. */
  readonly expressions: readonly string[]
}

/** A ValidatingAdmissionPolicyBinding. */
export interface AdmissionPolicyBinding {
  readonly policy: string
  /** `validationActions`, such as `Deny`. */
  readonly actions: readonly string[]
  /** Whether it applies to a part of the requests only. */
  readonly isLimited: boolean
}

/** A member of an object; `undefined` if there is no such object. */
const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const texts = (value: unknown): readonly string[] =>
  list(value).filter((it) => typeof it === 'string')
const labels = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(typeof value === 'object' && value !== null ? value : {}).map(([key, it]) => [
      key,
      text(it),
    ]),
  )

const metadata = (object: unknown, name: string): unknown =>
  member(member(object, 'metadata'), name)

/** The items of a list of kubectl; `undefined` if it is not a list. */
export const readItems = (json: unknown): readonly unknown[] | undefined => {
  const items = member(json, 'items')
  return Array.isArray(items) ? (items as readonly unknown[]) : undefined
}

const readRule = (rule: unknown): PolicyRule => ({
  verbs: texts(member(rule, 'verbs')),
  apiGroups: texts(member(rule, 'apiGroups')),
  resources: texts(member(rule, 'resources')),
  resourceNames: texts(member(rule, 'resourceNames')),
})

const readSelector = (selector: unknown): LabelSelector => ({
  matchLabels: labels(member(selector, 'matchLabels')),
  matchExpressions: list(member(selector, 'matchExpressions')).map((it) => ({
    key: text(member(it, 'key')),
    operator: text(member(it, 'operator')),
    values: texts(member(it, 'values')),
  })),
})

/** Reads a ClusterRole. */
export const readClusterRole = (object: unknown): ClusterRole => ({
  name: text(metadata(object, 'name')),
  labels: labels(metadata(object, 'labels')),
  rules: list(member(object, 'rules')).map(readRule),
  aggregates: list(member(member(object, 'aggregationRule'), 'clusterRoleSelectors')).map(
    readSelector,
  ),
})

/** Reads a ClusterRoleBinding. */
export const readClusterRoleBinding = (object: unknown): ClusterRoleBinding => ({
  name: text(metadata(object, 'name')),
  role: text(member(member(object, 'roleRef'), 'name')),
  subjects: list(member(object, 'subjects')).map((it) => ({
    kind: text(member(it, 'kind')),
    name: text(member(it, 'name')),
    namespace: text(member(it, 'namespace')),
  })),
})

/** Reads a ValidatingAdmissionPolicy. */
export const readAdmissionPolicy = (object: unknown): AdmissionPolicy => {
  const spec = member(object, 'spec')
  return {
    name: text(metadata(object, 'name')),
    fails: text(member(spec, 'failurePolicy') ?? 'Fail'),
    rules: list(member(member(spec, 'matchConstraints'), 'resourceRules')).map((rule) => ({
      apiGroups: texts(member(rule, 'apiGroups')),
      resources: texts(member(rule, 'resources')),
      operations: texts(member(rule, 'operations')),
    })),
    expressions: list(member(spec, 'validations')).map((it) => text(member(it, 'expression'))),
  }
}

/** Reads a ValidatingAdmissionPolicyBinding. */
export const readAdmissionPolicyBinding = (object: unknown): AdmissionPolicyBinding => {
  const spec = member(object, 'spec')
  return {
    policy: text(member(spec, 'policyName')),
    actions: texts(member(spec, 'validationActions')),
    isLimited: member(spec, 'matchResources') !== undefined,
  }
}

/** Reads a pod. */
export const readControlPlanePod = (object: unknown): ControlPlanePod => {
  const containers = list(member(member(object, 'spec'), 'containers'))
  return {
    name: text(metadata(object, 'name')),
    component: text(labels(metadata(object, 'labels'))['component']),
    words: containers.flatMap((it) => [
      ...texts(member(it, 'command')),
      ...texts(member(it, 'args')),
    ]),
  }
}

/** The version of a server from `/version`, such as `v1.35.2`. Empty if the answer has no version. */
export const readVersion = (json: unknown): string => text(member(json, 'gitVersion'))
