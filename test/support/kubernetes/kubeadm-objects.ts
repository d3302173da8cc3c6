// What a cluster made by kubeadm has from the beginning, as far as joining nodes is concerned: roles, bindings, and the
// static pods of the control plane with their flags.

import type { KubeObject } from './resources.ts'

interface Rule {
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly verbs: readonly string[]
}

const RBAC_GROUP = 'rbac.authorization.k8s.io'
const RBAC = `${RBAC_GROUP}/v1`
const CERTIFICATES = 'certificates.k8s.io'

/** Makes a ClusterRole. */
export const clusterRole = (name: string, ...rules: readonly Rule[]): KubeObject => ({
  apiVersion: RBAC,
  kind: 'ClusterRole',
  metadata: { name },
  rules,
})

/** Makes a ClusterRoleBinding of groups. */
export const clusterRoleBinding = (
  name: string,
  role: string,
  ...groups: readonly string[]
): KubeObject => ({
  apiVersion: RBAC,
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: role },
  subjects: groups.map((group) => ({ apiGroup: RBAC_GROUP, kind: 'Group', name: group })),
})

const csrRole = (subresource: string): KubeObject =>
  clusterRole(`system:${CERTIFICATES}:certificatesigningrequests:${subresource}`, {
    apiGroups: [CERTIFICATES],
    resources: [`certificatesigningrequests/${subresource}`],
    verbs: ['create'],
  })

const DISCOVERY = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*']
const HEALTH = ['/healthz', '/livez', '/readyz', '/version', '/version/']
const BOOTSTRAPPERS = 'system:bootstrappers:kubeadm:default-node-token'
const EVERYBODY = ['system:authenticated', 'system:unauthenticated']

/** Roles and bindings of Kubernetes and of kubeadm. */
export const RBAC_OBJECTS: readonly KubeObject[] = [
  clusterRole(
    'cluster-admin',
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ),
  clusterRoleBinding('cluster-admin', 'cluster-admin', 'system:masters'),
  clusterRoleBinding('kubeadm:cluster-admins', 'cluster-admin', 'kubeadm:cluster-admins'),
  clusterRole('system:discovery', { nonResourceURLs: [...DISCOVERY, ...HEALTH], verbs: ['get'] }),
  clusterRoleBinding('system:discovery', 'system:discovery', 'system:authenticated'),
  clusterRole('system:public-info-viewer', { nonResourceURLs: HEALTH, verbs: ['get'] }),
  clusterRoleBinding('system:public-info-viewer', 'system:public-info-viewer', ...EVERYBODY),
  clusterRole(
    'system:basic-user',
    {
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      verbs: ['create'],
    },
    {
      apiGroups: ['authentication.k8s.io'],
      resources: ['selfsubjectreviews'],
      verbs: ['create'],
    },
  ),
  clusterRoleBinding('system:basic-user', 'system:basic-user', 'system:authenticated'),
  clusterRole('system:node-bootstrapper', {
    apiGroups: [CERTIFICATES],
    resources: ['certificatesigningrequests'],
    verbs: ['create', 'get', 'list', 'watch'],
  }),
  clusterRoleBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', BOOTSTRAPPERS),
  csrRole('nodeclient'),
  clusterRoleBinding(
    'kubeadm:node-autoapprove-bootstrap',
    `system:${CERTIFICATES}:certificatesigningrequests:nodeclient`,
    BOOTSTRAPPERS,
  ),
  csrRole('selfnodeclient'),
  clusterRoleBinding(
    'kubeadm:node-autoapprove-certificate-rotation',
    `system:${CERTIFICATES}:certificatesigningrequests:selfnodeclient`,
    'system:nodes',
  ),
]

const pod = (component: string, flags: readonly string[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `${component}-control-plane`,
    namespace: 'kube-system',
    labels: { component, tier: 'control-plane' },
    annotations: { 'kubernetes.io/config.source': 'file' },
  },
  spec: {
    nodeName: 'control-plane',
    containers: [{ name: component, image: 'stand-in', command: [component, ...flags] }],
  },
  status: { phase: 'Running' },
})

/** Flags of the static pods beside those that kubeadm writes. */
export interface ControlPlaneFlags {
  readonly apiserver?: readonly string[]
  readonly controllerManager?: readonly string[]
}

/** The static pods of the control plane, which kubeadm starts with these flags. */
export const controlPlanePods = (flags: ControlPlaneFlags = {}): readonly KubeObject[] => [
  pod('kube-apiserver', [
    '--authorization-mode=Node,RBAC',
    '--client-ca-file=/etc/kubernetes/pki/ca.crt',
    '--enable-admission-plugins=NodeRestriction',
    '--enable-bootstrap-token-auth=true',
    ...(flags.apiserver ?? []),
  ]),
  pod('kube-controller-manager', [
    '--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt',
    '--cluster-signing-key-file=/etc/kubernetes/pki/ca.key',
    '--controllers=*,bootstrapsigner,tokencleaner',
    ...(flags.controllerManager ?? []),
  ]),
]
