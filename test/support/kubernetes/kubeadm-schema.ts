// The fields of kubeadm's configuration (`kubeadm.k8s.io/v1beta4`), of the kubelet's (`kubelet.config.k8s.io/v1beta1`) and
// of a kubeconfig (`v1`). Nobody publishes types for them in a form that runs here, so this list was written from the Go
// types of Kubernetes. Of the kubelet's some 100 fields it has those that the files of this project use. kubeadm rejects a
// field that it does not know; the kubelet logs it, and goes on without it.
//
// Kubernetes 1.36.2: cmd/kubeadm/app/apis/kubeadm/v1beta4/types.go, staging/src/k8s.io/kubelet/config/v1beta1/types.go,
// staging/src/k8s.io/client-go/tools/clientcmd/api/v1/types.go. test/by-hand/kubeadm.test.ts compares it with kubeadm.

import { Ajv, type AnySchemaObject } from 'ajv'

const TEXT: AnySchemaObject = { type: 'string', minLength: 1 }
const FLAG: AnySchemaObject = { type: 'boolean' }
const TEXTS: AnySchemaObject = { type: 'array', items: TEXT }

/** An object with these fields and no other. */
const object = (
  properties: Readonly<Record<string, AnySchemaObject>>,
  ...required: readonly string[]
): AnySchemaObject => ({ type: 'object', properties, required, additionalProperties: false })

const list = (items: AnySchemaObject): AnySchemaObject => ({ type: 'array', items, minItems: 1 })

/** A file of its own has these two. */
const typed = (apiVersion: string, kind: string): Readonly<Record<string, AnySchemaObject>> => ({
  apiVersion: { const: apiVersion },
  kind: { const: kind },
})

const ARGUMENTS = list(object({ name: TEXT, value: { type: 'string' } }, 'name', 'value'))
const VOLUMES = list(
  object(
    { name: TEXT, hostPath: TEXT, mountPath: TEXT, readOnly: FLAG, pathType: TEXT },
    'name',
    'hostPath',
    'mountPath',
  ),
)
const COMPONENT = {
  extraArgs: ARGUMENTS,
  extraVolumes: VOLUMES,
  extraEnvs: { type: 'array' },
} as const
const KUBEADM = 'kubeadm.k8s.io/v1beta4'

const clusterConfiguration = object(
  {
    ...typed(KUBEADM, 'ClusterConfiguration'),
    apiServer: object({ ...COMPONENT, certSANs: TEXTS }),
    controllerManager: object(COMPONENT),
    scheduler: object(COMPONENT),
    etcd: { type: 'object' },
    networking: object({ serviceSubnet: TEXT, podSubnet: TEXT, dnsDomain: TEXT }),
    kubernetesVersion: TEXT,
    controlPlaneEndpoint: TEXT,
    dns: { type: 'object' },
    proxy: object({ disabled: FLAG }),
    certificatesDir: TEXT,
    imageRepository: TEXT,
    featureGates: { type: 'object' },
    clusterName: TEXT,
    encryptionAlgorithm: TEXT,
    certificateValidityPeriod: TEXT,
    caCertificateValidityPeriod: TEXT,
  },
  'apiVersion',
  'kind',
)

const joinConfiguration = object(
  {
    ...typed(KUBEADM, 'JoinConfiguration'),
    dryRun: FLAG,
    nodeRegistration: object({
      name: TEXT,
      criSocket: TEXT,
      taints: { type: 'array' },
      kubeletExtraArgs: ARGUMENTS,
      ignorePreflightErrors: TEXTS,
      imagePullPolicy: TEXT,
      imagePullSerial: FLAG,
    }),
    caCertPath: TEXT,
    discovery: object({
      bootstrapToken: { type: 'object' },
      file: object({ kubeConfigPath: TEXT }, 'kubeConfigPath'),
      tlsBootstrapToken: TEXT,
    }),
    controlPlane: { type: 'object' },
    skipPhases: TEXTS,
    patches: object({ directory: TEXT }),
    timeouts: { type: 'object' },
  },
  'apiVersion',
  'kind',
  'discovery',
)

const KUBELET_FIELDS = {
  rotateCertificates: FLAG,
  serverTLSBootstrap: FLAG,
  providerID: TEXT,
  authentication: object({
    anonymous: object({ enabled: FLAG }),
    webhook: object({ enabled: FLAG, cacheTTL: TEXT }),
    x509: object({ clientCAFile: TEXT }),
  }),
  authorization: object({
    mode: { enum: ['AlwaysAllow', 'Webhook'] },
    webhook: { type: 'object' },
  }),
  cgroupDriver: { enum: ['systemd', 'cgroupfs'] },
  clusterDNS: TEXTS,
  clusterDomain: TEXT,
  containerRuntimeEndpoint: TEXT,
  staticPodPath: TEXT,
} as const

const kubelet = typed('kubelet.config.k8s.io/v1beta1', 'KubeletConfiguration')
const kubeletConfiguration = object({ ...kubelet, ...KUBELET_FIELDS }, 'apiVersion', 'kind')
/** A patch of it: any fields. */
const kubeletPatch = object(KUBELET_FIELDS)

const kubeconfig = object(
  {
    ...typed('v1', 'Config'),
    clusters: list(
      object(
        {
          name: TEXT,
          cluster: object(
            {
              server: { type: 'string', pattern: '^https://' },
              'certificate-authority-data': TEXT,
              'certificate-authority': TEXT,
              'tls-server-name': TEXT,
              'proxy-url': TEXT,
            },
            'server',
          ),
        },
        'name',
        'cluster',
      ),
    ),
    users: list(
      object(
        {
          name: TEXT,
          user: object({
            token: TEXT,
            tokenFile: TEXT,
            exec: object(
              {
                apiVersion: { const: 'client.authentication.k8s.io/v1' },
                command: TEXT,
                args: TEXTS,
                env: { type: 'array' },
                installHint: TEXT,
                provideClusterInfo: FLAG,
                // Required in this version of the API.
                interactiveMode: { enum: ['Never', 'IfAvailable', 'Always'] },
              },
              'apiVersion',
              'command',
              'interactiveMode',
            ),
          }),
        },
        'name',
        'user',
      ),
    ),
    contexts: list(
      object(
        {
          name: TEXT,
          context: object({ cluster: TEXT, user: TEXT, namespace: TEXT }, 'cluster', 'user'),
        },
        'name',
        'context',
      ),
    ),
    'current-context': TEXT,
    preferences: { type: 'object' },
  },
  'apiVersion',
  'kind',
  'clusters',
  'users',
  'contexts',
  'current-context',
)

const SCHEMAS = {
  clusterConfiguration,
  joinConfiguration,
  kubeletConfiguration,
  kubeletPatch,
  kubeconfig,
} as const

/** What a file is. */
export type KubeadmFile = keyof typeof SCHEMAS

/** The problems of a file, such as a field that does not exist, each with its path. Empty if the file has no problem. */
export const kubeadmProblems = (kind: KubeadmFile, value: unknown): string[] => {
  const ajv = new Ajv({ allErrors: true })
  if (ajv.validate(SCHEMAS[kind], value)) return []
  return (ajv.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  )
}
