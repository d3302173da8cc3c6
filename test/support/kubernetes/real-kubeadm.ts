// What kubeadm does for a node, with the files that the pages print: it sets the cluster up, and the user data joins.

import { createHash } from 'node:crypto'
import { parse, stringify } from 'yaml'
import type { Run } from '../command.ts'
import { readUserData } from './node-files.ts'
import { ADMIN, type RealNode } from './real-node.ts'

/** The configuration for `kubeadm init`: the one that the page prints, and what it lacks. */
const clusterConfiguration = (
  { cluster, here, file, name }: RealNode,
  kubernetesVersion: string,
): string => {
  const printed = parse(file('cluster-configuration.yaml')) as object
  const { host } = new URL(cluster.server.url)
  const documents = [
    { ...printed, kubernetesVersion, controlPlaneEndpoint: host },
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'InitConfiguration',
      nodeRegistration: { name: `control-plane-of-${name}` },
      localAPIEndpoint: { advertiseAddress: '10.2.0.11' },
    },
    { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', ...here },
  ]
  return documents.map((document) => stringify(document)).join('---\n')
}

/** Runs the phases of `kubeadm init` that nodes need: ConfigMaps, and what nodes may do. */
export const initCluster = async (node: RealNode): Promise<readonly Run[]> => {
  const { stdout: version } = await node.kubeadm('version', '-o', 'short')
  node.machine.write('/run/test/cluster.yaml', clusterConfiguration(node, version.trim()))
  const options = ['--config', '/run/test/cluster.yaml', '--kubeconfig', ADMIN]
  const phases = [
    ['upload-config', 'all'],
    ['bootstrap-token', '--skip-token-print'],
  ]
  const runs: Run[] = []
  for (const phase of phases) runs.push(await node.kubeadm('init', 'phase', ...phase, ...options))
  return runs
}

/** Writes the files of the page's user data. @returns its commands, which install rollcall and join */
export const joinCommands = ({ machine, file }: RealNode): string => {
  const program = machine.read('/usr/local/bin/rollcall') ?? ''
  machine.write('/run/test/files/rollcall.cjs', program)
  const sha256 = createHash('sha256').update(program).digest('hex')
  const text = file('user-data.yaml')
    .replaceAll('https://files.example', 'file:///run/test/files')
    .replaceAll('SHA256_OF_ROLLCALL', sha256)
  const { files, script } = readUserData(text)
  for (const { path, content, permissions } of files) machine.write(path, content, permissions)
  return script
}
