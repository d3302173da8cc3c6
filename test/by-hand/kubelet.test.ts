// A real kubelet on a node: which credential it uses when, how it gets the next one, and when a ban ends it. With a
// certificate, under the certificate policy; and with tokens alone.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import {
  type Csr,
  KUBELET_CLIENT,
  KUBELET_SERVING,
} from '../support/kubernetes/certificate-requests.ts'
import { instanceAt, kubectlAs } from '../support/kubernetes/joining.ts'
import { requireKubectl } from '../support/kubernetes/kubectl.ts'
import { initCluster, joinCommands } from '../support/kubernetes/real-kubeadm.ts'
import { type RealNode, startRealNode } from '../support/kubernetes/real-node.ts'
import { reservePort } from '../support/ports.ts'
import { startProcess, waitUntil } from '../support/processes.ts'

const START_MS = 300_000
/** The signer makes such a certificate valid from five minutes ago, so the kubelet renews it at once or soon. */
const SIGNING_SECONDS = 120
/** A kubelet without a certificate tries every 32 seconds, and looks every 10 for what it got. */
const ENROLLS_SECONDS = 60
const POLICY = 'the node must show a token of rollcall to get a client certificate'
const CURRENT = '/var/lib/kubelet/pki/kubelet-client-current.pem'

const read = async <T>(context: TestContext, node: RealNode, ...what: string[]): Promise<T> => {
  const kubectl = await kubectlAs(context, node.cluster)
  const run = await kubectl(['get', ...what, '-o', 'json'])
  expect(run, run.stderr).toMatchObject({ status: 0 })
  return JSON.parse(run.stdout) as T
}

const requestsOf = async (context: TestContext, node: RealNode): Promise<readonly Csr[]> =>
  (await read<{ readonly items: readonly Csr[] }>(context, node, 'csr')).items

/** How long ago the kubelet gave a sign of life, which takes a valid credential. */
const silentSeconds = async (context: TestContext, node: RealNode): Promise<number> => {
  interface Lease {
    readonly spec: { readonly renewTime: string }
  }
  const where = ['lease', node.name, '-n', 'kube-node-lease']
  const { spec } = await read<Lease>(context, node, ...where)
  return (Date.now() - Date.parse(spec.renewTime)) / 1000
}

const ban = (node: RealNode, how: 'ban' | 'unban'): Promise<void> => {
  const reason = how === 'ban' ? ['--reason', 'a test'] : []
  return node.cluster.operate(
    'admin',
    how,
    'instance',
    instanceAt(node.cluster, 0).instanceId,
    ...reason,
  )
}

describe('a kubelet with a certificate, under the certificate policy', () => {
  let started: Promise<RealNode> | undefined
  const open = (context: TestContext): Promise<RealNode> =>
    (started ??= startRealNode(context, { signingSeconds: SIGNING_SECONDS }))
  afterAll(async () => (await started?.catch(() => undefined))?.close(), 60_000)

  /** The certificate that it uses. */
  const certificate = async ({ script }: RealNode) => {
    const { stdout } = await script(
      `openssl x509 -in ${CURRENT} -noout -serial -enddate -dateopt iso_8601`,
    )
    const [, serial = '', end = ''] = /^serial=(\w+)\nnotAfter=(.*)\n$/.exec(stdout) ?? []
    return { serial, end: Date.parse(end) }
  }
  const untilNext = async (node: RealNode, serial: string, seconds: number): Promise<void> => {
    const isNext = async (): Promise<boolean> => (await certificate(node)).serial !== serial
    await waitUntil(isNext, { seconds, what: 'another certificate' })
  }

  it(
    'joins, and has its certificate when it is started again',
    { timeout: START_MS },
    async (context) => {
      const node = await open(context)
      for (const run of await initCluster(node))
        expect(run, run.stderr).toMatchObject({ status: 0 })
      const policy = join(node.cluster.command.folder, 'policy.yaml')
      const { hostname } = new URL(node.cluster.issuer)
      writeFileSync(
        policy,
        node.file('certificate-policy.yaml').replaceAll('rollcall.example', hostname),
      )
      const kubectl = await kubectlAs(context, node.cluster)
      expect(await kubectl(['apply', '-f', policy])).toMatchObject({ status: 0 })
      const run = await node.script(joinCommands(node))
      expect(run, `${run.stdout}${run.stderr}`).toMatchObject({ status: 0 })
      const { serial } = await certificate(node)
      expect(serial).not.toBe('')
      const { length } = node.log()
      await node.script('systemctl restart kubelet')
      const isThere = (): boolean => node.log().slice(length).includes('Started kubelet')
      await waitUntil(isThere, { seconds: 30, what: 'the kubelet' })
      expect((await certificate(node)).serial).toBe(serial)
      expect(await requestsOf(context, node)).toHaveLength(1)
    },
  )

  it(
    'cannot renew it, and enrolls when it has expired, without another start',
    { timeout: START_MS },
    async (context) => {
      const node = await open(context)
      const { length } = node.log()
      const before = await certificate(node)
      const wait = (before.end - Date.now()) / 1000 + ENROLLS_SECONDS
      await untilNext(node, before.serial, wait)
      expect(Date.now()).toBeGreaterThan(before.end)
      expect(node.log().slice(length)).toContain(POLICY)
      expect(node.log().slice(length)).not.toContain('the kubelet ended')
      const requests = await requestsOf(context, node)
      expect(requests).toHaveLength(2)
      const { hostname } = new URL(node.cluster.issuer)
      for (const { spec, status } of requests) {
        expect(spec).toMatchObject({
          signerName: KUBELET_CLIENT,
          extra: { [`${hostname}/role`]: ['node'] },
        })
        expect(status.conditions).toMatchObject([{ type: 'Approved', reason: 'AutoApproved' }])
      }
      await expect
        .poll(() => silentSeconds(context, node), { timeout: 30_000, interval: 1000 })
        .toBeLessThan(10)
    },
  )

  it(
    'works after a ban until its certificate expires, and enrolls when the ban is lifted',
    { timeout: START_MS },
    async (context) => {
      const node = await open(context)
      const { length } = node.log()
      await ban(node, 'ban')
      const { serial, end } = await certificate(node)
      const isOver = (seconds: number) => (): boolean => Date.now() > end + seconds * 1000
      await waitUntil(isOver(-5), { seconds: SIGNING_SECONDS, what: 'the last seconds' })
      expect(await silentSeconds(context, node)).toBeLessThan(15)
      await waitUntil(isOver(ENROLLS_SECONDS), { seconds: 2 * ENROLLS_SECONDS, what: 'the end' })
      expect(await silentSeconds(context, node)).toBeGreaterThan(ENROLLS_SECONDS - 5)
      expect(node.log().slice(length)).toContain('failed with exit code 4')
      expect(await requestsOf(context, node)).toHaveLength(2)
      await ban(node, 'unban')
      await untilNext(node, serial, ENROLLS_SECONDS)
      await expect
        .poll(() => silentSeconds(context, node), { timeout: 30_000, interval: 1000 })
        .toBeLessThan(10)
      expect(node.log().slice(length)).not.toContain('the kubelet ended')
    },
  )

  it(
    'does not start after it has expired if nobody put the bootstrap kubeconfig back',
    { timeout: START_MS },
    async (context) => {
      const node = await open(context)
      const { serial, end } = await certificate(node)
      await node.script(
        'systemctl stop kubelet; mv /etc/kubernetes/bootstrap-kubelet.conf /run/test',
      )
      await waitUntil(() => Date.now() > end, { seconds: SIGNING_SECONDS, what: 'the end' })
      const { length } = node.log()
      await node.script('systemctl start kubelet')
      const said = (): boolean =>
        node.log().slice(length).includes('unable to load bootstrap kubeconfig')
      await waitUntil(said, { seconds: 20, what: 'the end of the kubelet' })
      await node.script('mv /run/test/bootstrap-kubelet.conf /etc/kubernetes')
      await untilNext(node, serial, ENROLLS_SECONDS)
    },
  )
})

describe('a kubelet that uses tokens alone', () => {
  let started: Promise<RealNode> | undefined
  const open = (context: TestContext): Promise<RealNode> => (started ??= startRealNode(context))
  afterAll(async () => (await started?.catch(() => undefined))?.close(), 60_000)

  it(
    'registers its Node, and asks for a serving certificate alone',
    { timeout: START_MS },
    async (context) => {
      const { machine, cluster, name, file, here, script } = await open(context)
      const named = (path: string): string => file(path).replaceAll('NODE_NAME', name)
      machine.write('/etc/kubernetes/kubelet.conf', file('node-kubeconfig.yaml'), '0600')
      machine.write('/etc/kubernetes/pki/ca.crt', cluster.server.ca)
      const configuration = parse(named('kubelet-configuration.yaml')) as object
      machine.write('/var/lib/kubelet/config.yaml', stringify({ ...configuration, ...here }))
      const dropIn = '/etc/systemd/system/kubelet.service.d/20-rollcall.conf'
      machine.write(dropIn, named('kubelet-with-token.conf'))
      await script('install -d -m 0700 /var/lib/rollcall && systemctl start kubelet')
      const node = await open(context)
      await expect
        .poll(() => read(context, node, 'nodes'), { timeout: 60_000, interval: 1000 })
        .toMatchObject({
          items: [
            {
              metadata: { name, labels: { 'kubernetes.io/hostname': name } },
              spec: { providerID: name },
              status: {
                conditions: expect.arrayContaining([
                  expect.objectContaining({ type: 'Ready', status: 'True' }),
                ]),
              },
            },
          ],
        })
      await expect
        .poll(() => requestsOf(context, node), { timeout: 30_000, interval: 1000 })
        .toMatchObject([
          { spec: { signerName: KUBELET_SERVING, username: `system:node:${name}` }, status: {} },
        ])
      expect(machine.read(CURRENT)).toBeUndefined()
      // A field that the kubelet does not know would make it read the file again, less strictly.
      expect(node.log()).not.toContain('lenient decoding')
    },
  )

  it(
    'serves with the certificate that the approver approves',
    { timeout: START_MS },
    async (context) => {
      const node = await open(context)
      const port = await reservePort()
      const kubeconfig = join(node.cluster.command.folder, 'admin.json')
      writeFileSync(kubeconfig, await node.cluster.server.kubeconfig(), { mode: 0o600 })
      const words = ['--kubeconfig', kubeconfig, 'proxy', '--port', String(port)]
      const proxy = startProcess(await requireKubectl(context), words)
      try {
        const said = (): boolean => proxy.output.stdout.includes('Starting to serve')
        await waitUntil(said, { seconds: 20, what: 'kubectl proxy' })
        const where = ['--issuer', node.cluster.issuer, '--api-server', `http://127.0.0.1:${port}`]
        const { env } = node.cluster
        const run = await node.cluster.command.run(['kubernetes', 'approve', ...where, '--once'], {
          env,
        })
        expect(run, run.stderr).toMatchObject({ status: 0 })
        expect(`${run.stdout}${run.stderr}`).toContain('Attested')
      } finally {
        await proxy.stop()
      }
      const host = instanceAt(node.cluster, 0).document['private-ipv4'] ?? ''
      const served = (): Promise<string> =>
        new Promise((resolve) => {
          const options = { host, port: Number(node.here['port']), ca: node.cluster.server.ca }
          const socket = connect(options, () => {
            const { subject, subjectaltname } = socket.getPeerCertificate()
            socket.destroy()
            resolve(`${subject.CN} ${subjectaltname}`)
          })
          socket.on('error', ({ message }) => resolve(message))
        })
      await expect
        .poll(served, { timeout: 60_000, interval: 1000 })
        .toBe(`system:node:${node.name} DNS:${node.name}, IP Address:${host}`)
    },
  )

  it(
    'renews its token, and is silent after a ban when the last one ends',
    { timeout: START_MS },
    async (context) => {
      const node = await open(context)
      const exchanges = (): number =>
        node.cluster.service
          .auditEvents()
          .filter(({ event, outcome }) => event === 'exchange' && outcome === 'issued').length
      const count = exchanges()
      await waitUntil(() => exchanges() > count, { seconds: 120, what: 'the next token' })
      expect(await silentSeconds(context, node)).toBeLessThan(15)
      await ban(node, 'ban')
      // The role gives tokens for 120 seconds, and the API server keeps its answer for ten.
      await expect
        .poll(() => silentSeconds(context, node), { timeout: 180_000, interval: 1000 })
        .toBeGreaterThan(30)
      expect(node.log()).toContain('failed with exit code 4')
      await ban(node, 'unban')
      await expect
        .poll(() => silentSeconds(context, node), { timeout: 60_000, interval: 1000 })
        .toBeLessThan(10)
    },
  )
})
