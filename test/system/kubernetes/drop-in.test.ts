// The drop-in of the kubelet, run by a shell as systemd runs it: it deletes kubelet.conf only if the kubelet can make
// the file again. test/by-hand/kubelet.test.ts starts a real kubelet with it.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { pathWith, runScript } from '../../support/bootstrap.ts'
import { nodeFile } from '../../support/kubernetes/node-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-drop-in-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A kubeconfig with one user. */
const kubeconfig = (user: object): string =>
  stringify({
    apiVersion: 'v1',
    clusters: [{ name: 'cluster', cluster: { server: 'https://cluster.example:6443' } }],
    contexts: [{ name: 'node', context: { cluster: 'cluster', user: 'node' } }],
    'current-context': 'node',
    kind: 'Config',
    users: [{ name: 'node', user }],
  })
const CURRENT = '/var/lib/kubelet/pki/kubelet-client-current.pem'
/** As a kubelet writes it: its certificate and its key are in a file of their own. */
const OF_KUBELET = kubeconfig({ 'client-certificate': CURRENT, 'client-key': CURRENT })
/** As `kubeadm kubeconfig user` writes it: the key is nowhere else. */
const OF_KUBEADM = kubeconfig({ 'client-certificate-data': 'QQ==', 'client-key-data': 'QQ==' })
const BOOTSTRAP = nodeFile('node-kubeconfig.yaml')

/** The command, as `sh -c` gets it, and how systemd is to take its failure. */
const [, prefix, command = ''] =
  /^ExecStartPre=(-?)\/bin\/sh -c '(.*)'$/m.exec(nodeFile('kubelet-with-certificate.conf')) ?? []

interface Node {
  readonly 'kubelet.conf'?: string
  readonly 'bootstrap-kubelet.conf'?: string
}

/** Runs the command on a node with these files. @returns whether kubelet.conf is there afterwards */
const start = async (files: Node, programs: Readonly<Record<string, string>> = {}) => {
  const root = mkdtempSync(join(folder, 'node-'))
  mkdirSync(join(root, 'etc/kubernetes'), { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(root, 'etc/kubernetes', name), text)
  }
  const script = command.replaceAll('/etc/', `${root}/etc/`)
  const run = await runScript(['/bin/sh'], script, { PATH: pathWith(join(root, 'bin'), programs) })
  return { ...run, kept: existsSync(join(root, 'etc/kubernetes/kubelet.conf')) }
}

describe('the drop-in of the kubelet', () => {
  it('has a command in which systemd replaces nothing', () => {
    expect(command).not.toBe('')
    expect(command).not.toMatch(/[%$\\"']/)
  })

  it('deletes the kubelet.conf of a kubelet, which the kubelet makes again', async () => {
    const run = await start({ 'kubelet.conf': OF_KUBELET, 'bootstrap-kubelet.conf': BOOTSTRAP })
    expect(run).toEqual({ status: 0, stdout: '', stderr: '', kept: false })
  })

  it.each<[string, Node]>([
    ['bootstrap-kubelet.conf is missing', {}],
    ['bootstrap-kubelet.conf is empty', { 'bootstrap-kubelet.conf': '' }],
    [
      'bootstrap-kubelet.conf has only zeros, as after a power failure',
      { 'bootstrap-kubelet.conf': '\0'.repeat(BOOTSTRAP.length) },
    ],
    [
      'bootstrap-kubelet.conf is cut',
      { 'bootstrap-kubelet.conf': BOOTSTRAP.slice(0, BOOTSTRAP.indexOf('current-context:')) },
    ],
    [
      'it contains the only copy of its key',
      { 'bootstrap-kubelet.conf': BOOTSTRAP, 'kubelet.conf': OF_KUBEADM },
    ],
  ])('keeps kubelet.conf if %s', async (_, files) => {
    const run = await start({ 'kubelet.conf': OF_KUBELET, ...files })
    expect(run).toEqual({ status: 0, stdout: '', stderr: '', kept: true })
  })

  it('says nothing on a node that has not joined', async () => {
    expect(await start({})).toEqual({ status: 0, stdout: '', stderr: '', kept: false })
  })

  it('lets the kubelet start if it cannot delete kubelet.conf', async () => {
    const files = { 'kubelet.conf': OF_KUBELET, 'bootstrap-kubelet.conf': BOOTSTRAP }
    const run = await start(files, { rm: 'echo "rm: Read-only file system" >&2; exit 1' })
    expect(run).toMatchObject({ status: 1, kept: true })
    // systemd ignores the status of a command after "-".
    expect(prefix).toBe('-')
  })
})
