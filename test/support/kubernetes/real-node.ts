// A node that joins a real cluster, with real programs: kubeadm sets the cluster up and joins the node, containerd and
// the kubelet run in the files of the node. The files are those that the pages print, with the addresses of the test.

import { mkdtempSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import type { TestContext } from 'vitest'
import type { InstanceDescription } from '../../../src/emulator/index.ts'
import type { Run } from '../command.ts'
import { reservePort } from '../ports.ts'
import { type RunningProcess, waitUntil } from '../processes.ts'
import { type Cluster, startCluster } from './cluster.ts'
import {
  KUBELET_LOG,
  PACKAGES_DROP_IN,
  PACKAGES_DROP_IN_PATH,
  systemctlFor,
} from './kubelet-unit.ts'
import { nodeFile } from './node-files.ts'
import { type NodeMachine, startNodeMachine } from './node-machine.ts'
import { findReadyProgram, requireReadyPrograms } from './programs.ts'

const SOCKET = '/run/containerd/containerd.sock'
/** A runtime without a network reports that it is not ready, and the Node with it. No pod uses this one. */
const NETWORK = { cniVersion: '0.4.0', name: 'none', plugins: [{ type: 'loopback' }] }
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** The kubeconfig of an administrator, on the node. */
export const ADMIN = '/run/test/admin.conf'

/** What this machine needs in a kubelet's configuration: other ports than a kubelet's, and no control groups. */
const hereConfiguration = async (): Promise<Readonly<Record<string, unknown>>> => ({
  port: await reservePort(),
  healthzPort: await reservePort(),
  failCgroupV1: false,
  failSwapOn: false,
  cgroupDriver: 'cgroupfs',
  cgroupsPerQOS: false,
  enforceNodeAllocatable: ['none'],
  localStorageCapacityIsolation: false,
  makeIPTablesUtilChains: false,
})

/** The instance that this machine is taken for: it has the address that a kubelet finds here. */
const thisInstance = (): InstanceDescription => {
  const addresses = Object.values(networkInterfaces()).flatMap((them) => them ?? [])
  const found = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)
  if (found === undefined) throw new Error('this machine has no network interface but its own')
  const block = `${found.address.replace(/\d+$/, '0')}/24`
  return {
    'private-ipv4': found.address,
    'vpc-cidr-block': block,
    'vswitch-cidr-block': block,
  }
}

/** See {@link startRealNode}. */
export interface RealNode {
  readonly cluster: Cluster
  readonly machine: NodeMachine
  /** The name of the node. */
  readonly name: string
  /** What the kubelet's configuration needs on this machine. */
  readonly here: Readonly<Record<string, unknown>>
  /** Runs kubeadm. */
  kubeadm(...args: string[]): Promise<Run>
  /** Runs a script for `sh`, as a unit of the node does. */
  script(text: string): Promise<Run>
  /** A file of `functions/kubernetes` with the addresses of the test. */
  file(name: string): string
  /** What the kubelet has logged. */
  log(): string
  close(): Promise<void>
}

/** How it is started. */
export interface RealNodeOptions {
  /** `--cluster-signing-duration`. Default: a day */
  readonly signingSeconds?: number
}

interface NodePrograms {
  readonly kubeadm: string
  readonly kubelet: string
  readonly containerd: string
}

const requireNodeProgram = (context: TestContext, name: string): string => {
  try {
    return findReadyProgram(name) ?? ''
  } catch (cause) {
    const message = `the folder with the programs of Kubernetes has no ${name}`
    if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error(message, { cause })
    return context.skip(message)
  }
}

/** What is installed on the node beside its runtime. */
const install = (
  { machine, cluster }: Pick<RealNode, 'machine' | 'cluster'>,
  { kubeadm, kubelet }: NodePrograms,
): void => {
  const metadata = cluster.pluginArgs().find((word) => word.startsWith('--metadata-url=')) ?? ''
  const program = (name: string, text: string): void =>
    machine.write(`/usr/local/bin/${name}`, `#!/bin/sh\n${text}\n`, '0755')
  const ca = cluster.env['NODE_EXTRA_CA_CERTS']
  program(
    'rollcall',
    `export ROLLCALL_METADATA_URL='${metadata.split('=')[1]}' NODE_EXTRA_CA_CERTS='${ca}'
exec '${process.execPath}' '${join(cluster.command.folder, 'dist/cli/rollcall.js')}' "$@"`,
  )
  // Its checks are about a machine that is a node and nothing else: ports, modules of the kernel, control groups.
  program(
    'kubeadm',
    `[ "$1" != join ] || set -- "$@" --ignore-preflight-errors=all\nexec '${kubeadm}' "$@"`,
  )
  program('kubelet', `exec '${kubelet}' "$@"`)
  machine.write('/usr/local/bin/systemctl', systemctlFor(kubelet), '0755')
  machine.write(PACKAGES_DROP_IN_PATH, PACKAGES_DROP_IN)
}

const startRuntime = async (machine: NodeMachine, containerd: string): Promise<RunningProcess> => {
  machine.write('/etc/cni/net.d/10-none.conflist', JSON.stringify(NETWORK))
  machine.write('/etc/containerd/config.toml', 'version = 3\n')
  const folders = ['--root', '/var/lib/containerd', '--state', '/run/containerd']
  const config = ['--config', '/etc/containerd/config.toml', '--address', SOCKET]
  const runtime = machine.start([containerd, ...config, ...folders], {
    PATH: `${dirname(containerd)}:${PATH}`,
  })
  const alive = (): boolean => runtime.child.exitCode === null
  const isReady = async (): Promise<boolean> =>
    (await machine.run(['test', '-S', SOCKET])).status === 0
  await waitUntil(isReady, { seconds: 30, what: 'containerd', alive })
  return runtime
}

/** Starts a cluster and the runtime of a node. Nothing joins yet. Without the programs the test is skipped. */
export const startRealNode = async (
  context: TestContext,
  { signingSeconds }: RealNodeOptions = {},
): Promise<RealNode> => {
  requireReadyPrograms(context)
  const programs: NodePrograms = {
    kubeadm: requireNodeProgram(context, 'kubeadm'),
    kubelet: requireNodeProgram(context, 'kubelet'),
    containerd: requireNodeProgram(context, 'containerd'),
  }
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-node-'))
  const cleanups: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const close = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
  }
  try {
    const machine = await startNodeMachine(context, folder)
    cleanups.push(machine.close)
    const cluster = await startCluster({
      instances: [thisInstance()],
      apiServer: { ...(signingSeconds !== undefined && { clusterSigningSeconds: signingSeconds }) },
    })
    cleanups.push(cluster.close)
    const { server, issuer } = cluster
    const [instance] = cluster.instances
    const name = `${instance?.document['region-id']}.${instance?.instanceId}`
    install({ machine, cluster }, programs)
    machine.write(ADMIN, await server.kubeconfig(), '0600')
    const runtime = await startRuntime(machine, programs.containerd)
    cleanups.push(runtime.stop, () =>
      machine.run(['/usr/local/bin/systemctl', 'stop', 'kubelet'], { PATH }),
    )
    return {
      cluster,
      machine,
      name,
      here: await hereConfiguration(),
      file: (path) =>
        nodeFile(path)
          .replaceAll('https://cluster.example:6443', server.url)
          .replaceAll('BASE64_OF_THE_CLUSTER_CA', Buffer.from(server.ca).toString('base64'))
          .replaceAll('https://rollcall.example', issuer),
      kubeadm: (...args) => machine.run(['/usr/local/bin/kubeadm', ...args], { PATH }),
      script: (text) => machine.run(['sh', '-c', text], { PATH }),
      log: () => machine.read(KUBELET_LOG) ?? '',
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
