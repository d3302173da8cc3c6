// Who may do what on the stand-in API server: RBAC over the roles and bindings that it keeps, and what the node
// authorizer and NodeRestriction allow a node.

import { ApiError } from './api-error.ts'
import {
  type Csr,
  KUBELET_CLIENT,
  KUBELET_SERVING,
  forbidden,
  readRequest,
} from './certificate-requests.ts'
import { type Attributes, type KubeObject, resourceOfKind } from './resources.ts'
import type { Store } from './store.ts'
import type { User } from './user.ts'

interface Rule {
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly verbs?: readonly string[]
}

interface Binding {
  readonly metadata: { readonly namespace?: string }
  readonly roleRef: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly {
    readonly kind: string
    readonly name: string
    readonly namespace?: string
  }[]
}

/** A permission to ask about: of a resource by its names, or of a path. */
export type Question =
  | {
      readonly verb: string
      readonly group: string
      readonly resource: string
      readonly subresource?: string
      readonly namespace?: string
      readonly name?: string
    }
  | { readonly verb: string; readonly path: string }

/** Answers whether a user may do something. */
export type Authorizer = (user: User, question: Question) => boolean

const RBAC = 'rbac.authorization.k8s.io/v1'
const [ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS] = [
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
].map((kind) => resourceOfKind(RBAC, kind)) as [never, never, never, never]

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list?.some((it) => it === value || it === '*') === true

const pathMatches = (urls: readonly string[] | undefined, path: string): boolean =>
  urls?.some((url) => (url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : path === url)) ===
  true

const allows = (rule: Rule, question: Question): boolean => {
  if (!has(rule.verbs, question.verb)) return false
  if ('path' in question) return pathMatches(rule.nonResourceURLs, question.path)
  const { group, resource, subresource = '', name = '' } = question
  const full = subresource === '' ? resource : `${resource}/${subresource}`
  const isOfResource =
    has(rule.resources, full) || (subresource !== '' && has(rule.resources, `*/${subresource}`))
  const { resourceNames = [] } = rule
  const isOfName = resourceNames.length === 0 || (name !== '' && resourceNames.includes(name))
  return has(rule.apiGroups, group) && isOfResource && isOfName
}

const isOf = (user: User, { subjects = [] }: Binding): boolean =>
  subjects.some(({ kind, name, namespace }) => {
    if (kind === 'Group') return user.groups.includes(name)
    return user.username === (kind === 'User' ? name : `system:serviceaccount:${namespace}:${name}`)
  })

const NODE_PREFIX = 'system:node:'

/** The name of the node that a user is. @returns `undefined` for all other users */
export const nodeOf = ({ username, groups }: User): string | undefined =>
  groups.includes('system:nodes') && username.startsWith(NODE_PREFIX)
    ? username.slice(NODE_PREFIX.length)
    : undefined

/**
 * What the node authorizer allows, of the resources that the stand-in has (Kubernetes
 * `plugin/pkg/auth/authorizer/node/node_authorizer.go`). It is NodeRestriction that limits writes to the own Node.
 */
const nodeMay = (node: string, question: Question): boolean => {
  if ('path' in question) return false
  const { verb, resource, subresource = '', name = '' } = question
  if (resource === 'certificatesigningrequests' && subresource === '') {
    return ['create', 'get', 'list', 'watch'].includes(verb)
  }
  if (resource !== 'nodes') return false
  const writes = ['update', 'patch', ...(subresource === '' ? ['create'] : [])]
  if (writes.includes(verb)) return ['', 'status'].includes(subresource)
  return subresource === '' && ['get', 'list', 'watch'].includes(verb) && name === node
}

/** Why the node authorizer allows no more, where it says so. */
const reasonOf = (user: User, { verb, resource, subresource, name }: Attributes): string => {
  const node = nodeOf(user)
  const isRead = ['get', 'list', 'watch'].includes(verb)
  if (node === undefined || resource.kind !== 'Node' || subresource !== '' || !isRead) return ''
  const what = name === '' ? 'all nodes' : `'${name}'`
  return `: node '${node}' cannot read ${what}, only its own Node object`
}

/** Creates the authorizer of a store: Node, then RBAC. */
export const createAuthorizer = (store: Store): Authorizer => {
  const rulesOf = ({ roleRef, metadata }: Binding): readonly Rule[] => {
    const isCluster = roleRef.kind === 'ClusterRole'
    const role = store
      .list(isCluster ? CLUSTER_ROLES : ROLES, isCluster ? '' : (metadata.namespace ?? ''))
      .find(({ metadata: { name } }) => name === roleRef.name)
    return (role?.['rules'] ?? []) as readonly Rule[]
  }
  return (user, question) => {
    const node = nodeOf(user)
    if (node !== undefined && nodeMay(node, question)) return true
    const namespace = 'path' in question ? '' : (question.namespace ?? '')
    const bindings = [
      ...store.list(CLUSTER_ROLE_BINDINGS, ''),
      ...(namespace === '' ? [] : store.list(ROLE_BINDINGS, namespace)),
    ] as unknown as readonly Binding[]
    return bindings.some(
      (binding) => isOf(user, binding) && rulesOf(binding).some((rule) => allows(rule, question)),
    )
  }
}

/** Refuses what a user may not do, in the words of the real server. @throws ApiError `Forbidden` */
export const requireAllowed = (authorize: Authorizer, user: User, asked: Attributes): void => {
  const { verb, resource, subresource, namespace, name } = asked
  const { group, plural } = resource
  if (authorize(user, { verb, group, resource: plural, subresource, namespace, name })) return
  const full = subresource === '' ? plural : `${plural}/${subresource}`
  const object = `${group === '' ? plural : `${plural}.${group}`}${name === '' ? '' : ` "${name}"`}`
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`
  throw new ApiError(
    'Forbidden',
    `${object} is forbidden: User "${user.username}" cannot ${verb} resource "${full}" in API group "${group}" ${where}${reasonOf(user, asked)}`,
  )
}

/** Signers whose requests a node may only make for its own name, since Kubernetes 1.31. */
const OWN_NAME_SIGNERS: ReadonlySet<string> = new Set([KUBELET_CLIENT, KUBELET_SERVING])

const restrictRequest = (node: string, csr: Csr): void => {
  if (!OWN_NAME_SIGNERS.has(csr.spec?.signerName)) return
  let name: string | undefined
  try {
    name = readRequest(csr).subjectName.getField('CN').at(-1)
  } catch (error) {
    throw forbidden(csr, `unable to parse csr: ${(error as Error).message}`)
  }
  const own = `${NODE_PREFIX}${node}`
  if (name !== own) throw forbidden(csr, `can only create a node CSR with CN=${own}`)
}

const taintsOf = (node: KubeObject | undefined): string => {
  const { taints = [] } = (node?.['spec'] ?? {}) as { readonly taints?: readonly unknown[] }
  return JSON.stringify(taints)
}

/**
 * What NodeRestriction refuses: a node may only write the Node of its own name, and never its taints; and it may only ask
 * for certificates of its own name (Kubernetes `plugin/pkg/admission/noderestriction/admission.go`).
 * @param old what an update changes
 * @throws ApiError `Forbidden`
 */
export const restrictNode = (
  user: User,
  { verb, resource }: Attributes,
  object: KubeObject,
  old?: KubeObject,
): void => {
  const node = nodeOf(user)
  if (node === undefined) return
  if (resource.kind === 'CertificateSigningRequest' && verb === 'create') {
    restrictRequest(node, object as Csr)
  }
  const isWrite = ['create', 'update', 'patch'].includes(verb)
  if (resource.plural !== 'nodes' || !isWrite) return
  const { name } = object.metadata
  const isTainted = old !== undefined && taintsOf(old) !== taintsOf(object)
  if (name === node && !isTainted) return
  const what = name === node ? 'taints' : `node "${name}"`
  throw new ApiError(
    'Forbidden',
    `nodes "${name}" is forbidden: node "${node}" is not allowed to modify ${what}`,
  )
}
