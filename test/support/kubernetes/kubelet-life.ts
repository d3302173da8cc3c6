// What tests ask about a node with a real kubelet: its objects in the cluster, its certificate, its last sign of life.

import { type TestContext, expect } from 'vitest'
import { waitUntil } from '../processes.ts'
import type { Csr } from './certificate-requests.ts'
import { instanceAt, kubectlAs } from './joining.ts'
import type { RealNode } from './real-node.ts'

/** The certificate and the key that a kubelet uses now. */
export const CURRENT = '/var/lib/kubelet/pki/kubelet-client-current.pem'

/** What an administrator reads with `kubectl get`. */
export const read = async <T>(
  context: TestContext,
  node: RealNode,
  ...what: string[]
): Promise<T> => {
  const kubectl = await kubectlAs(context, node.cluster)
  const run = await kubectl(['get', ...what, '-o', 'json'])
  expect(run, run.stderr).toMatchObject({ status: 0 })
  return JSON.parse(run.stdout) as T
}

/** All requests for certificates. */
export const requestsOf = async (context: TestContext, node: RealNode): Promise<readonly Csr[]> =>
  (await read<{ readonly items: readonly Csr[] }>(context, node, 'csr')).items

interface Lease {
  readonly spec: { readonly renewTime: string }
}

/** When the kubelet gave its last sign of life, which takes a valid credential: in milliseconds. */
export const lastSignOfLife = async (context: TestContext, node: RealNode): Promise<number> => {
  const where = ['lease', node.name, '-n', 'kube-node-lease']
  const { spec } = await read<Lease>(context, node, ...where)
  return Date.parse(spec.renewTime)
}

/** How long ago that was. */
export const silentSeconds = async (context: TestContext, node: RealNode): Promise<number> =>
  (Date.now() - (await lastSignOfLife(context, node))) / 1000

/** Bans the instance, or lifts the ban. */
export const ban = (node: RealNode, how: 'ban' | 'unban'): Promise<void> => {
  const reason = how === 'ban' ? ['--reason', 'a test'] : []
  return node.cluster.operate(
    'admin',
    how,
    'instance',
    instanceAt(node.cluster, 0).instanceId,
    ...reason,
  )
}

/** The certificate that a kubelet uses. @returns its serial number, and its end in milliseconds */
export const certificateOf = async ({
  script,
}: RealNode): Promise<{ readonly serial: string; readonly end: number }> => {
  const { stdout } = await script(
    `openssl x509 -in ${CURRENT} -noout -serial -enddate -dateopt iso_8601`,
  )
  const [, serial = '', end = ''] = /^serial=(\w+)\nnotAfter=(.*)\n$/.exec(stdout) ?? []
  return { serial, end: Date.parse(end) }
}
/** Waits until a kubelet uses another certificate than this one. */
export const untilNext = async (node: RealNode, serial: string, seconds: number): Promise<void> => {
  const isNext = async (): Promise<boolean> => (await certificateOf(node)).serial !== serial
  await waitUntil(isNext, { seconds, what: 'another certificate' })
}
