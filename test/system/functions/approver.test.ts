// The manifests of the approver: valid by the API's published types, with few rights, hardened, and with a command that the
// image has. `test/system/kubernetes/approve.test.ts` runs that command with these rights.

import type { Deployment } from 'kubernetes-types/apps/v1'
import type { ServiceAccount } from 'kubernetes-types/core/v1'
import type { NetworkPolicy } from 'kubernetes-types/networking/v1'
import type { ClusterRole, ClusterRoleBinding } from 'kubernetes-types/rbac/v1'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { createCommand } from '../../support/command.ts'
import { type Manifest, manifestProblems } from '../../support/kubernetes-types.ts'
import { readProjectFile } from '../../support/sources.ts'

const TEXT = readProjectFile('functions/kubernetes/approver.yaml')
const manifests = parseAllDocuments(TEXT).map((document) => document.toJS() as Manifest)
const [account, role, binding, deployment, network] = manifests as unknown as [
  ServiceAccount,
  ClusterRole,
  ClusterRoleBinding,
  Deployment,
  NetworkPolicy,
]
const template = deployment.spec?.template
const pod = template?.spec
const container = pod?.containers[0]

describe('approver.yaml', () => {
  it('is valid by the published types of the API, and would not be with anything misspelt', () => {
    expect(manifests.map(({ kind }) => kind)).toEqual([
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'Deployment',
      'NetworkPolicy',
    ])
    expect(manifestProblems(manifests)).toEqual(manifests.map(() => []))
    const changed = [
      [role, '"resourceNames"', '"resourceName"'],
      [deployment, '"serviceAccountName"', '"serviceaccountName"'],
      [network, '"policyTypes":["Ingress","Egress"]', '"policyTypes":"Egress"'],
    ].map(([manifest, text, replacement]) => {
      const json = JSON.stringify(manifest)
      expect(json.split(String(text))).toHaveLength(2)
      return JSON.parse(json.replace(String(text), String(replacement))) as Manifest
    })
    for (const problems of manifestProblems(changed)) expect(problems).not.toEqual([])
  })

  it('gives its rights to its account alone, and no more than the approver needs', () => {
    expect(binding.roleRef.name).toBe(role.metadata?.name)
    const { name, namespace } = account.metadata ?? {}
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name, namespace }])
    expect(pod?.serviceAccountName).toBe(name)
    expect(deployment.metadata?.namespace).toBe(namespace)
    expect(role.rules).toEqual([
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests'],
        verbs: ['get', 'list', 'watch'],
      },
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests/approval'],
        verbs: ['update'],
      },
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: ['kubernetes.io/kubelet-serving'],
        verbs: ['approve'],
      },
      { apiGroups: [''], resources: ['nodes'], verbs: ['list'] },
    ])
  })

  it('is not root, writes nothing, and selects its own pods', () => {
    expect(pod?.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    const labels = template?.metadata?.labels
    expect(deployment.spec?.selector.matchLabels).toEqual(labels)
    expect(network.spec?.podSelector.matchLabels).toEqual(labels)
  })

  it('admits no call, and lets out to names, the API server and rollcall, but not to the metadata service', () => {
    expect(network.spec?.policyTypes).toEqual(['Ingress', 'Egress'])
    expect(network.spec?.ingress).toEqual([])
    const [, out] = network.spec?.egress ?? []
    expect(out?.to).toEqual([{ ipBlock: { cidr: '0.0.0.0/0', except: ['100.100.100.200/32'] } }])
    expect(out?.ports?.map(({ port }) => port)).toEqual([443, 6443])
  })

  it('runs the command of the image, which refuses the placeholder and knows every option', async () => {
    const dockerfile = readProjectFile('Dockerfile')
    const [node, file = '', ...words] = container?.command ?? []
    expect([node, file]).toEqual(['node', '/app/command/rollcall.mjs'])
    expect(dockerfile).toContain('WORKDIR /app')
    expect(dockerfile).toContain('/build/dist/command/ ./command/')
    const command = createCommand()
    try {
      const { status, stderr } = await command.run([...words, ...(container?.args ?? [])])
      expect(status).toBe(2)
      expect(stderr).toContain('--account: YOUR-ACCOUNT-ID is not an account id')
    } finally {
      command.remove()
    }
  })

  it('has a comment that makes the Secret of the file that the command reads', () => {
    const [mount] = container?.volumeMounts ?? []
    const key = container?.args?.find((arg) => arg.startsWith('--admin-key='))?.split('=')[1]
    const [, secret, name] = /create secret generic (\S+) --from-file=(\S+)/.exec(TEXT) ?? []
    expect(key).toBe(`${mount?.mountPath}/${name}`)
    expect(pod?.volumes?.[0]?.secret?.secretName).toBe(secret)
    expect(TEXT).toContain(`--scope read --out ${name}`)
    const kubectl = TEXT.split('\n').filter((line) => /\bkubectl [a-z-]/.test(line))
    // The binding is of the whole cluster.
    const rest = kubectl.filter((line) => !line.includes('kubectl delete clusterrolebinding '))
    expect(rest.filter((line) => !line.includes('kubectl -n rollcall '))).toEqual([])
  })
})
