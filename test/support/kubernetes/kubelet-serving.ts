// The certificate with which a real kubelet serves: the approver's one look at it, and what a caller sees.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { type TestContext, expect } from 'vitest'
import type { Run } from '../command.ts'
import { reservePort } from '../ports.ts'
import { startProcess, waitUntil } from '../processes.ts'
import { instanceAt } from './joining.ts'
import { requireKubectl } from './kubectl.ts'
import type { RealNode } from './real-node.ts'

/** Runs `rollcall kubernetes approve --once` through `kubectl proxy`, as an administrator does. */
export const approveOnce = async (
  context: TestContext,
  { cluster }: RealNode,
  ...options: readonly string[]
): Promise<Run> => {
  const port = await reservePort()
  const kubeconfig = join(cluster.command.folder, 'admin.json')
  writeFileSync(kubeconfig, await cluster.server.kubeconfig(), { mode: 0o600 })
  const words = ['--kubeconfig', kubeconfig, 'proxy', '--port', String(port)]
  const proxy = startProcess(await requireKubectl(context), words)
  try {
    const said = (): boolean => proxy.output.stdout.includes('Starting to serve')
    await waitUntil(said, { seconds: 20, what: 'kubectl proxy' })
    const where = ['--issuer', cluster.issuer, '--api-server', `http://127.0.0.1:${port}`, '--once']
    const { env } = cluster
    return await cluster.command.run(['kubernetes', 'approve', ...where, ...options], { env })
  } finally {
    await proxy.stop()
  }
}

/** The names in the certificate that a kubelet serves with, if the CA of the cluster signed it; else an error. */
const servedNames = ({ cluster, here }: RealNode): Promise<string> =>
  new Promise((resolve) => {
    const host = instanceAt(cluster, 0).document['private-ipv4'] ?? ''
    const options = { host, port: Number(here['port']), ca: cluster.server.ca }
    const socket = connect(options, () => {
      const { subject, subjectaltname } = socket.getPeerCertificate()
      socket.destroy()
      resolve(`${subject.CN} ${subjectaltname}`)
    })
    socket.on('error', ({ message }) => resolve(message))
  })

/** Expects that a kubelet comes to serve with a certificate for its own name and address. */
export const expectServes = async (node: RealNode): Promise<void> => {
  const host = instanceAt(node.cluster, 0).document['private-ipv4']
  await expect
    .poll(() => servedNames(node), { timeout: 60_000, interval: 1000 })
    .toBe(`system:node:${node.name} DNS:${node.name}, IP Address:${host}`)
}
