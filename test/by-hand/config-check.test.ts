// `rollcall kubernetes config --check` looks at a real cluster: with the roles that an API server makes by itself, and the
// bindings and flags of kubeadm.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Run } from '../support/command.ts'
import { certificatePolicyManifests } from '../support/kubernetes/certificate-policy.ts'
import { type Cluster, startCluster } from '../support/kubernetes/cluster.ts'
import { RBAC_OBJECTS, controlPlanePods } from '../support/kubernetes/kubeadm-objects.ts'
import type { KubeconfigUser } from '../support/kubernetes/kubeconfig.ts'
import { findKubectl, requireKubectl } from '../support/kubernetes/kubectl.ts'
import { findReadyPrograms, requireReadyPrograms } from '../support/kubernetes/programs.ts'
import type { RealServer } from '../support/kubernetes/real-server.ts'
import type { KubeObject } from '../support/kubernetes/resources.ts'
import { waitUntil } from '../support/processes.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const FLAGS = {
  apiserver: [
    '--authentication-config=/etc/kubernetes/rollcall/authentication.yaml',
    '--anonymous-auth=false',
  ],
  controllerManager: ['--cluster-signing-duration=24h0m0s'],
}

let cluster: Cluster
let server: RealServer
beforeAll(async () => {
  if (findReadyPrograms() === undefined) return
  await findKubectl().catch(() => undefined)
  cluster = await startCluster()
  if (cluster.real === undefined) throw new Error('the API server is not a real one')
  server = cluster.real
  const account = '/api/v1/namespaces/kube-system/serviceaccounts/default'
  const isThere = async (): Promise<boolean> => (await server.call('GET', account)).status === 200
  await waitUntil(isThere, { seconds: 60, what: 'the account of kube-system' })
  for (const pod of controlPlanePods(FLAGS)) await server.put(pod)
})
afterAll(() => cluster?.close())

const check = async (
  context: TestContext,
  args: readonly string[] = [],
  user?: KubeconfigUser,
): Promise<Run> => {
  const KUBECONFIG = join(cluster.command.folder, 'check.conf')
  writeFileSync(KUBECONFIG, await server.kubeconfig(user), { mode: 0o600 })
  const words = ['--check', '--json', '--kubectl', await requireKubectl(context), ...args]
  return cluster.command.run(['kubernetes', 'config', ...words], { env: { KUBECONFIG } })
}

const statesOf = ({ stdout }: Run): Record<string, string> => {
  const { findings } = JSON.parse(stdout) as {
    readonly findings: readonly { readonly name: string; readonly state: string }[]
  }
  return Object.fromEntries(findings.map(({ name, state }) => [name, state]))
}

const remove = async (path: string): Promise<void> =>
  expect((await server.call('DELETE', `${RBAC}/${path}`)).status, path).toBe(200)

describe('rollcall kubernetes config --check, with a real cluster', () => {
  it('finds what to change in a cluster of kubeadm, and nothing bad after the change', async (context) => {
    requireReadyPrograms(context)
    const before = await check(context)
    expect(before, before.stderr).toMatchObject({ status: 1, stderr: '' })
    expect(statesOf(before)).toEqual({
      'server version': 'ok',
      nodeclient: 'bad',
      selfnodeclient: 'ok',
      renewal: 'bad',
      'authentication config': 'ok',
      'Node authorizer': 'ok',
      NodeRestriction: 'ok',
      'anonymous access': 'ok',
      'signing duration': 'ok',
    })
    const group = 'Group system:bootstrappers:kubeadm:default-node-token'
    // One line: no role that Kubernetes makes by itself gives this right to somebody else.
    expect(before.stdout.match(/ gives it to /g)).toHaveLength(1)
    expect(before.stdout).toContain(`kubeadm:node-autoapprove-bootstrap gives it to ${group}`)
    await remove('clusterrolebindings/kubeadm:node-autoapprove-bootstrap')
    for (const manifest of certificatePolicyManifests()) await server.put({ ...manifest })
    const after = await check(context)
    expect(after, after.stdout).toMatchObject({ status: 0, stderr: '' })
  })

  it('tells a node that it may not see the cluster', async (context) => {
    requireReadyPrograms(context)
    const run = await check(context, [], { token: await cluster.token() })
    expect(run, run.stderr).toMatchObject({ status: 0 })
    const { 'server version': version, ...rest } = statesOf(run)
    expect(version).toBe('ok')
    expect(new Set(Object.values(rest))).toEqual(new Set(['unknown']))
  })

  it('forbids in mode a what mode b needs', async (context) => {
    requireReadyPrograms(context)
    expect(statesOf(await check(context, ['--mode', 'a']))).toMatchObject({ selfnodeclient: 'bad' })
    await remove('clusterrolebindings/kubeadm:node-autoapprove-certificate-rotation')
    expect(await check(context, ['--mode', 'a'])).toMatchObject({ status: 0 })
    expect(statesOf(await check(context))).toMatchObject({ selfnodeclient: 'bad' })
  })
})

describe('the roles of the stand-in', () => {
  it('are those of a real API server, as far as joining is concerned', async (context) => {
    requireReadyPrograms(context)
    const own = RBAC_OBJECTS.filter(({ metadata }) => !metadata.name.startsWith('kubeadm:'))
    for (const object of own) {
      const kind = object.kind === 'ClusterRole' ? 'clusterroles' : 'clusterrolebindings'
      const { status, body } = await server.call('GET', `${RBAC}/${kind}/${object.metadata.name}`)
      expect([object.metadata.name, status]).toEqual([object.metadata.name, 200])
      const real = body as unknown as KubeObject
      expect([object.metadata.name, sorted(real)]).toEqual([object.metadata.name, sorted(object)])
    }
  })
})

/** The parts of a role or a binding that decide, in one order. */
const sorted = ({ rules, roleRef, subjects }: KubeObject): unknown =>
  JSON.parse(JSON.stringify({ rules, roleRef, subjects }), (_, value: unknown) =>
    Array.isArray(value)
      ? value.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : value,
  )
