// A real kubelet that uses tokens alone: it registers, serves with a certificate of the approver, renews its token, and
// ends with a ban.

import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { KUBELET_SERVING } from '../support/kubernetes/certificate-requests.ts'
import {
  CURRENT,
  ban,
  read,
  requestsOf,
  silentSeconds,
} from '../support/kubernetes/kubelet-life.ts'
import { approveOnce, expectServes } from '../support/kubernetes/kubelet-serving.ts'
import { type RealNode, startRealNode } from '../support/kubernetes/real-node.ts'
import { waitUntil } from '../support/processes.ts'

const START_MS = 300_000

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
      const run = await approveOnce(context, node)
      expect(run, run.stderr).toMatchObject({ status: 0 })
      expect(`${run.stdout}${run.stderr}`).toContain('Attested')
      await expectServes(node)
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
