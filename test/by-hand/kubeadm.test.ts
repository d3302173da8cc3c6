// Real kubeadm: it reads the files that the pages print, sets up a real API server for nodes, and joins a node by the
// user data of the page, with a real kubelet and a real containerd.

import { join } from 'node:path'
import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  type Csr,
  KUBELET_CLIENT,
  KUBELET_SERVING,
} from '../support/kubernetes/certificate-requests.ts'
import { instanceAt, kubectlAs } from '../support/kubernetes/joining.ts'
import { lastSignOfLife } from '../support/kubernetes/kubelet-life.ts'
import { approveOnce, expectServes } from '../support/kubernetes/kubelet-serving.ts'
import { RBAC_OBJECTS } from '../support/kubernetes/kubeadm-objects.ts'
import { kubeadmProblems } from '../support/kubernetes/kubeadm-schema.ts'
import { initCluster, joinCommands } from '../support/kubernetes/real-kubeadm.ts'
import { type RealNode, startRealNode } from '../support/kubernetes/real-node.ts'
import { waitUntil } from '../support/processes.ts'
import type { KubeObject } from '../support/kubernetes/resources.ts'
import type { Run } from '../support/command.ts'

const START_MS = 180_000
const JOIN_MS = 600_000

let started: Promise<RealNode> | undefined
const open = (context: TestContext): Promise<RealNode> => (started ??= startRealNode(context))
afterAll(async () => (await started?.catch(() => undefined))?.close(), 60_000)

/** What the administrator reads. */
const list = async <T>(
  context: TestContext,
  node: RealNode,
  kind: string,
): Promise<readonly T[]> => {
  const kubectl = await kubectlAs(context, node.cluster)
  const run = await kubectl(['get', kind, '-o', 'json'])
  expect(run, run.stderr).toMatchObject({ status: 0 })
  return (JSON.parse(run.stdout) as { readonly items: readonly T[] }).items
}

describe('kubeadm config validate', () => {
  const validate = ({ machine, file, kubeadm, name }: RealNode, text: string): Promise<Run> => {
    machine.write('/etc/kubernetes/rollcall-node.conf', file('node-kubeconfig.yaml'), '0600')
    machine.write('/run/test/validated.yaml', text.replaceAll('NODE_NAME', name))
    return kubeadm('config', 'validate', '--config', '/run/test/validated.yaml')
  }

  it.for([
    ['cluster-configuration.yaml', 'v1beta4'],
    ['join-configuration.yaml', 'v1beta4'],
    ['join-configuration.yaml', 'v1beta3'],
  ])('accepts %s as %s', { timeout: START_MS }, async ([name = '', version = ''], context) => {
    const node = await open(context)
    const run = await validate(node, node.file(name).replaceAll('v1beta4', version))
    expect(run, run.stderr).toMatchObject({ status: 0, stdout: 'ok\n' })
  })

  it.for([
    ['cluster-configuration.yaml', 'clusterConfiguration', 'extraVolumes', 'extraVolume'],
    ['cluster-configuration.yaml', 'clusterConfiguration', 'mountPath', 'path'],
    ['join-configuration.yaml', 'joinConfiguration', 'kubeConfigPath', 'kubeconfigPath'],
    ['join-configuration.yaml', 'joinConfiguration', 'discovery:', 'discover:'],
  ] as const)(
    'rejects %s as the schema of the tests does: %s, %s is %s',
    { timeout: START_MS },
    async ([name, kind, text, changed], context) => {
      const node = await open(context)
      const wrong = node.file(name).replaceAll(text, changed)
      expect(wrong).not.toBe(node.file(name))
      expect(kubeadmProblems(kind, parse(wrong))).not.toEqual([])
      const { status, stderr } = await validate(node, wrong)
      expect([status, stderr]).toEqual([1, expect.stringContaining('unknown field')])
    },
  )
})

describe('kubeadm init', () => {
  it(
    'makes the roles and bindings that the stand-in has',
    async (context) => {
      const node = await open(context)
      for (const run of await initCluster(node))
        expect(run, run.stderr).toMatchObject({ status: 0 })
      const expected = RBAC_OBJECTS.filter(
        ({ kind, metadata }) =>
          kind === 'ClusterRoleBinding' && metadata.name.startsWith('kubeadm:'),
      )
      expect(expected.length).toBeGreaterThan(2)
      const made = await list<KubeObject>(context, node, 'clusterrolebindings')
      for (const object of expected) {
        const { metadata: _, ...rest } = object
        const real = made.find(({ metadata }) => metadata.name === object.metadata.name)
        expect(real, object.metadata.name).toMatchObject(rest)
      }
    },
    START_MS,
  )
})

describe('kubeadm join', () => {
  /** Joins with a changed JoinConfiguration, and removes what kubeadm has written. */
  const failToJoin = async (node: RealNode, change: (text: string) => string): Promise<Run> => {
    const { machine, file, kubeadm, script } = node
    await script('install -d -m 0700 /var/lib/rollcall')
    machine.write('/etc/kubernetes/rollcall-node.conf', file('node-kubeconfig.yaml'), '0600')
    machine.write('/etc/kubernetes/rollcall-patches/README', 'No patch.')
    const text = change(file('join-configuration.yaml'))
    machine.write('/run/test/join.yaml', `${text}timeouts:\n  discovery: 15s\n`)
    const run = await kubeadm('join', '--config', '/run/test/join.yaml')
    const reset = await kubeadm('reset', '-f')
    expect(reset, reset.stderr).toMatchObject({ status: 0 })
    return run
  }

  it(
    'stops before the kubelet starts if the name is not the one of the token',
    { timeout: JOIN_MS },
    async (context) => {
      const node = await open(context)
      const other = 'cn-hangzhou.i-bp1anotherone'
      const { status, stderr } = await failToJoin(node, (text) =>
        text.replaceAll('NODE_NAME', other),
      )
      expect([status, stderr]).toEqual([1, expect.stringContaining(`cannot get Node "${other}"`)])
      expect(stderr).toContain('only its own Node object')
      expect(await list<Csr>(context, node, 'csr')).toEqual([])
    },
  )

  it(
    'tries until its time is over if the instance is banned',
    { timeout: JOIN_MS },
    async (context) => {
      const node = await open(context)
      const { instanceId } = instanceAt(node.cluster, 0)
      await node.cluster.operate('admin', 'ban', 'instance', instanceId, '--reason', 'a test')
      const { status, stderr } = await failToJoin(node, (text) =>
        text.replaceAll('NODE_NAME', node.name),
      )
      await node.cluster.operate('admin', 'unban', 'instance', instanceId)
      expect([status, stderr]).toEqual([
        1,
        expect.stringContaining('Abort reading the cluster-info ConfigMap'),
      ])
      expect(stderr).toContain('failed with exit code 4')
    },
  )

  it(
    'joins a node by the user data of the page',
    async (context) => {
      const node = await open(context)
      const run = await node.script(joinCommands(node))
      expect(run, `${run.stdout}${run.stderr}`).toMatchObject({ status: 0 })
      expect(run.stdout).toContain('This node has joined the cluster')

      const [csr, ...others] = await list<Csr>(context, node, 'csr')
      expect(others).toEqual([])
      expect(csr).toMatchObject({
        spec: {
          signerName: KUBELET_CLIENT,
          username: `system:node:${node.name}`,
          groups: ['system:nodes', 'system:authenticated'],
        },
        status: { conditions: [{ type: 'Approved', reason: 'AutoApproved' }] },
      })
      await expect
        .poll(() => list<KubeObject>(context, node, 'nodes'), { timeout: 60_000, interval: 1000 })
        .toMatchObject([
          {
            metadata: { name: node.name, labels: { 'kubernetes.io/hostname': node.name } },
            spec: { providerID: node.name },
            status: {
              conditions: expect.arrayContaining([
                expect.objectContaining({ type: 'Ready', status: 'True' }),
              ]),
            },
          },
        ])
    },
    JOIN_MS,
  )

  it('leaves the kubelet a kubeconfig with its certificate, and the one with the plugin', async (context) => {
    const { machine } = await open(context)
    const current = '/var/lib/kubelet/pki/kubelet-client-current.pem'
    expect(parse(machine.read('/etc/kubernetes/kubelet.conf') ?? '')).toMatchObject({
      users: [{ user: { 'client-certificate': current, 'client-key': current } }],
    })
    expect(machine.read('/etc/kubernetes/bootstrap-kubelet.conf')).toBe(
      machine.read('/etc/kubernetes/rollcall-node.conf'),
    )
  })

  it(
    'refuses a second join, until kubeadm reset has removed what it wrote',
    async (context) => {
      const node = await open(context)
      const join = ['join', '--config', '/etc/kubernetes/rollcall-join.yaml']
      const again = await node.kubeadm(...join)
      expect(again.status).toBe(1)
      expect(again.stderr).toContain('already exists in the cluster')
      const reset = await node.kubeadm('reset', '-f')
      expect(reset, reset.stderr).toMatchObject({ status: 0 })
      expect(node.machine.read('/etc/kubernetes/kubelet.conf')).toBeUndefined()
      const kubectl = await kubectlAs(context, node.cluster)
      expect(await kubectl(['delete', 'node', node.name])).toMatchObject({ status: 0 })
      const run = await node.script(joinCommands(node))
      expect(run, `${run.stdout}${run.stderr}`).toMatchObject({ status: 0 })
    },
    JOIN_MS,
  )

  it(
    'serves with the certificate that the approver approves by its record, with one line more',
    async (context) => {
      const node = await open(context)
      await node.script(
        "echo 'serverTLSBootstrap: true' >> /var/lib/kubelet/config.yaml; systemctl restart kubelet",
      )
      const pending = async (): Promise<readonly Csr[]> => {
        const requests = await list<Csr>(context, node, 'csr')
        return requests.filter(({ spec }) => spec.signerName === KUBELET_SERVING)
      }
      await expect.poll(pending, { timeout: 60_000, interval: 1000 }).toHaveLength(1)
      // A user with a certificate has no address: the approver needs the record.
      const [{ spec } = { spec: undefined }] = await pending()
      expect(Object.keys(spec?.extra ?? {}).filter((key) => key.endsWith('/addresses'))).toEqual([])
      const without = await approveOnce(context, node)
      expect(`${without.stdout}${without.stderr}`).toContain('AddressUnknown')
      const { command, instances } = node.cluster
      const account = instances[0]?.ownerAccountId ?? ''
      const key = ['--admin-key', join(command.folder, 'operator.json')]
      const run = await approveOnce(context, node, ...key, '--account', account)
      expect(run, run.stderr).toMatchObject({ status: 0 })
      expect(`${run.stdout}${run.stderr}`).toContain('Attested')
      await expectServes(node)
    },
    JOIN_MS,
  )

  it(
    'upgrades the node with the kubeconfig that the kubelet wrote',
    { timeout: JOIN_MS },
    async (context) => {
      const node = await open(context)
      const run = await node.kubeadm('upgrade', 'node', '--ignore-preflight-errors=all')
      expect(run, `${run.stdout}${run.stderr}`).toMatchObject({ status: 0 })
    },
  )

  it(
    'has a kubelet that starts again while rollcall is down',
    { timeout: JOIN_MS },
    async (context) => {
      const node = await open(context)
      await node.cluster.service.stop()
      const { length } = node.log()
      await node.script('systemctl restart kubelet')
      const isThere = (): boolean => node.log().slice(length).includes('Started kubelet')
      await waitUntil(isThere, { seconds: 30, what: 'the kubelet' })
      const at = Date.now()
      // The drop-in has removed its kubeconfig, but not its certificate.
      expect(node.log().slice(length)).toContain('Use the bootstrap credentials')
      await expect
        .poll(() => lastSignOfLife(context, node), { timeout: 60_000, interval: 1000 })
        .toBeGreaterThan(at)
    },
  )
})
