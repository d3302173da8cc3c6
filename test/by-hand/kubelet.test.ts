// A real kubelet with a certificate: which credential it uses when, how it gets the next one, and when a ban ends it,
// without the certificate policy and with it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { KUBELET_CLIENT } from '../support/kubernetes/certificate-requests.ts'
import { kubectlAs } from '../support/kubernetes/joining.ts'
import {
  ban,
  certificateOf,
  requestsOf,
  silentSeconds,
  untilNext,
} from '../support/kubernetes/kubelet-life.ts'
import { initCluster, joinCommands } from '../support/kubernetes/real-kubeadm.ts'
import { type RealNode, startRealNode } from '../support/kubernetes/real-node.ts'
import { waitUntil } from '../support/processes.ts'

const START_MS = 300_000
/** The signer makes such a certificate valid from five minutes ago, so the kubelet renews it at once or soon. */
const SIGNING_SECONDS = 120
/** A kubelet without a certificate tries every 32 seconds, and looks every 10 for what it got. */
const ENROLLS_SECONDS = 60
/** After this time the API server applies a new policy. */
const POLICY_MS = 5_000
const POLICY = 'the node must show a token of rollcall to get a client certificate'

describe('a kubelet with a certificate', () => {
  let started: Promise<RealNode> | undefined
  const open = (context: TestContext): Promise<RealNode> =>
    (started ??= startRealNode(context, { signingSeconds: SIGNING_SECONDS }))
  afterAll(async () => (await started?.catch(() => undefined))?.close(), 60_000)

  /** How many certificates it got with a token, and how many with a certificate. */
  const issued = async (context: TestContext, node: RealNode) => {
    const requests = await requestsOf(context, node)
    const { hostname } = new URL(node.cluster.issuer)
    for (const { spec, status } of requests) {
      expect(spec.signerName).toBe(KUBELET_CLIENT)
      expect(status.conditions).toMatchObject([{ type: 'Approved', reason: 'AutoApproved' }])
    }
    const byToken = requests.filter(({ spec }) => spec.extra?.[`${hostname}/role`]?.[0] === 'node')
    return { byToken: byToken.length, byCertificate: requests.length - byToken.length }
  }

  it('gets it with a token', { timeout: START_MS }, async (context) => {
    const node = await open(context)
    for (const run of await initCluster(node)) expect(run, run.stderr).toMatchObject({ status: 0 })
    const run = await node.script(joinCommands(node))
    expect(run, `${run.stdout}${run.stderr}`).toMatchObject({ status: 0 })
    expect((await certificateOf(node)).serial).not.toBe('')
    expect(await issued(context, node)).toMatchObject({ byToken: 1 })
  })

  it(
    'renews it with itself without the policy, even after a ban',
    { timeout: START_MS },
    async (context) => {
      const node = await open(context)
      await ban(node, 'ban')
      const { byCertificate } = await issued(context, node)
      const { serial } = await certificateOf(node)
      await untilNext(node, serial, SIGNING_SECONDS)
      const now = await issued(context, node)
      expect(now.byToken).toBe(1)
      expect(now.byCertificate).toBeGreaterThan(byCertificate)
      await ban(node, 'unban')
    },
  )

  it('has it when it is started again', { timeout: START_MS }, async (context) => {
    const node = await open(context)
    const policy = join(node.cluster.command.folder, 'policy.yaml')
    const { hostname } = new URL(node.cluster.issuer)
    const text = node.file('certificate-policy.yaml').replaceAll('rollcall.example', hostname)
    writeFileSync(policy, text)
    const kubectl = await kubectlAs(context, node.cluster)
    expect(await kubectl(['apply', '-f', policy])).toMatchObject({ status: 0 })
    await sleep(POLICY_MS)
    const { serial } = await certificateOf(node)
    const { length } = node.log()
    await node.script('systemctl restart kubelet')
    const isThere = (): boolean => node.log().slice(length).includes('Started kubelet')
    await waitUntil(isThere, { seconds: 30, what: 'the kubelet' })
    expect((await certificateOf(node)).serial).toBe(serial)
  })

  it(
    'cannot renew it under the policy, and enrolls when it has expired, without another start',
    { timeout: START_MS },
    async (context) => {
      const node = await open(context)
      const { length } = node.log()
      const { serial, end } = await certificateOf(node)
      const { byToken, byCertificate } = await issued(context, node)
      await untilNext(node, serial, (end - Date.now()) / 1000 + ENROLLS_SECONDS)
      expect(Date.now()).toBeGreaterThan(end)
      expect(node.log().slice(length)).toContain(POLICY)
      expect(node.log().slice(length)).not.toContain('the kubelet ended')
      expect(await issued(context, node)).toEqual({ byToken: byToken + 1, byCertificate })
      await expect
        .poll(() => silentSeconds(context, node), { timeout: 30_000, interval: 1000 })
        .toBeLessThan(10)
    },
  )

  it(
    'works after a ban under the policy until its certificate expires, and enrolls when the ban is lifted',
    { timeout: START_MS },
    async (context) => {
      const node = await open(context)
      const { length } = node.log()
      await ban(node, 'ban')
      const before = await issued(context, node)
      const { serial, end } = await certificateOf(node)
      const isOver = (seconds: number) => (): boolean => Date.now() > end + seconds * 1000
      await waitUntil(isOver(-5), { seconds: SIGNING_SECONDS, what: 'the last seconds' })
      expect(await silentSeconds(context, node)).toBeLessThan(15)
      await waitUntil(isOver(ENROLLS_SECONDS), { seconds: 2 * ENROLLS_SECONDS, what: 'the end' })
      expect(await silentSeconds(context, node)).toBeGreaterThan(ENROLLS_SECONDS - 5)
      expect(node.log().slice(length)).toContain('failed with exit code 4')
      expect(await issued(context, node)).toEqual(before)
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
      const { serial, end } = await certificateOf(node)
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
