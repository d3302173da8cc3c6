// The resources of the stand-in API server, their discovery documents, and what a path asks for.

import { ApiError } from './api-error.ts'

/** Where an object belongs. */
export interface Metadata {
  readonly name: string
  readonly generateName?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly creationTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** An object of the API. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
  readonly [member: string]: unknown
}

/** A kind of objects. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly subresources: readonly string[]
  /** Whether objects are kept. Reviews are only answered. */
  readonly isKept: boolean
}

const kept = (
  group: string,
  plural: string,
  kind: string,
  more: Partial<Pick<Resource, 'namespaced' | 'shortNames' | 'subresources'>> = {},
): Resource => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced: false,
  shortNames: [],
  subresources: [],
  isKept: true,
  ...more,
})

const review = (group: string, plural: string, kind: string): Resource => ({
  ...kept(group, plural, kind),
  isKept: false,
})

const CERTIFICATES = 'certificates.k8s.io'
const ADMISSION = 'admissionregistration.k8s.io'
const RBAC = 'rbac.authorization.k8s.io'

/** All of them. */
export const RESOURCES = [
  kept('', 'namespaces', 'Namespace', { shortNames: ['ns'] }),
  kept('', 'nodes', 'Node', { shortNames: ['no'], subresources: ['status'] }),
  kept('', 'pods', 'Pod', { namespaced: true, shortNames: ['po'] }),
  kept('', 'configmaps', 'ConfigMap', { namespaced: true, shortNames: ['cm'] }),
  kept('', 'secrets', 'Secret', { namespaced: true }),
  kept(CERTIFICATES, 'certificatesigningrequests', 'CertificateSigningRequest', {
    shortNames: ['csr'],
    subresources: ['approval', 'status'],
  }),
  kept(RBAC, 'clusterroles', 'ClusterRole'),
  kept(RBAC, 'clusterrolebindings', 'ClusterRoleBinding'),
  kept(RBAC, 'roles', 'Role', { namespaced: true }),
  kept(RBAC, 'rolebindings', 'RoleBinding', { namespaced: true }),
  kept(ADMISSION, 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy'),
  kept(ADMISSION, 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding'),
  review('authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview'),
  review('authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview'),
] as const satisfies readonly Resource[]

/** `v1`, or `GROUP/v1`. */
export const apiVersionOf = ({ group, version }: Resource): string =>
  group === '' ? version : `${group}/${version}`

/** The resource that keeps objects of a kind. @throws Error for an unknown kind */
export const resourceOfKind = (apiVersion: string, kind: string): Resource => {
  const found = RESOURCES.find((it) => it.kind === kind && apiVersionOf(it) === apiVersion)
  if (found === undefined) throw new Error(`the stand-in has no ${apiVersion} ${kind}`)
  return found
}

const KEPT_VERBS = ['create', 'delete', 'get', 'list', 'update', 'watch']

const entriesOf = (it: Resource): object[] => [
  {
    name: it.plural,
    singularName: it.kind.toLowerCase(),
    namespaced: it.namespaced,
    kind: it.kind,
    verbs: it.isKept ? KEPT_VERBS : ['create'],
    shortNames: it.shortNames,
  },
  ...it.subresources.map((name) => ({
    name: `${it.plural}/${name}`,
    singularName: '',
    namespaced: it.namespaced,
    kind: it.kind,
    verbs: ['get', 'update'],
  })),
]

const resourceList = (apiVersion: string): object => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: apiVersion,
  resources: RESOURCES.flatMap((it) => (apiVersionOf(it) === apiVersion ? entriesOf(it) : [])),
})

const GROUPS = [...new Set(RESOURCES.map(({ group }) => group))].filter((group) => group !== '')

const groupOf = (name: string): object => {
  const version = { groupVersion: `${name}/v1`, version: 'v1' }
  return { name, versions: [version], preferredVersion: version }
}

/** The document at a path of discovery, in the form before aggregation. @returns `undefined` for any other path */
export const discoveryDocument = (path: string): object | undefined => {
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] }
  if (path === '/apis') {
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS.map(groupOf) }
  }
  if (path === '/api/v1') return resourceList('v1')
  const [, group = '', version] = /^\/apis\/([^/]+)(?:\/(v1))?$/.exec(path) ?? []
  if (!GROUPS.includes(group)) return undefined
  if (version !== undefined) return resourceList(`${group}/v1`)
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) }
}

/** What a request asks for, as the authorizers see it. */
export interface Attributes {
  readonly verb: string
  readonly resource: Resource
  readonly subresource: string
  readonly namespace: string
  /** Empty for a list of several, and for a new object. */
  readonly name: string
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  DELETE: 'delete',
}

const PATH =
  /^\/(?:api\/(v1)|apis\/([^/]+)\/(v1))(?:\/namespaces\/([^/]+)(?=\/[a-z]+))?\/([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/

/** Reads the path of a request for objects. @throws ApiError for an unknown path or method */
export const readAttributes = (method: string, { pathname, searchParams }: URL): Attributes => {
  const [, , group = '', , namespace = '', plural, name = '', subresource = ''] =
    PATH.exec(pathname)?.map((it) => (it === undefined ? undefined : decodeURIComponent(it))) ?? []
  const resource = RESOURCES.find((it) => it.group === group && it.plural === plural)
  const isKnown = subresource === '' || resource?.subresources.some((it) => it === subresource)
  if (resource === undefined || isKnown !== true) {
    throw new ApiError('NotFound', 'the server could not find the requested resource')
  }
  const selector = searchParams.get('fieldSelector') ?? ''
  const isWatch = ['true', '1', ''].includes(searchParams.get('watch') ?? 'false')
  const reading = name !== '' ? 'get' : isWatch ? 'watch' : 'list'
  const verb = method === 'GET' ? reading : VERBS[method]
  if (verb === undefined || (!resource.isKept && verb !== 'create')) {
    throw new ApiError('MethodNotAllowed', `the stand-in does not answer ${method} here`)
  }
  // A list of the one object of a name, which a kubelet asks for, counts as that object.
  const [, only = ''] = /(?:^|,)metadata\.name==?([^,]*)/.exec(selector) ?? []
  const isList = verb === 'list' || verb === 'watch'
  return { verb, resource, subresource, namespace, name: isList ? only : name }
}
