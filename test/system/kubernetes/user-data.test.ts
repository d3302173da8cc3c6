// The user data of a node, run: the real command against an emulated metadata service, with another program in the place
// of kubeadm, which not every machine has. test/by-hand/kubeadm.test.ts runs it with a real one.

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type MetadataEmulator, createMetadataEmulator } from '../../../src/emulator/index.ts'
import { ECS_FIELD_NAMES, type EcsField } from '../../../src/policy/fields.ts'
import {
  DEFAULT_NODE_NAME_TEMPLATE,
  nodeName,
  parseNodeName,
} from '../../../src/policy/node-name.ts'
import { pathWith, runScript } from '../../support/bootstrap.ts'
import type { RollcallCommand, Run } from '../../support/command.ts'
import { type ProcessOptions, buildCommand } from '../../support/command-process.ts'
import { nodeFile, readUserData } from '../../support/kubernetes/node-files.ts'
import { type Listener, listen } from '../../support/listener.ts'
import { type Listening, startListening } from '../../support/listening.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-user-data-'))
let command: RollcallCommand<ProcessOptions>
let emulator: MetadataEmulator
let metadata: Listener
let files: Listening
/** What the node downloads: a program that starts the command. */
let program: string
beforeAll(async () => {
  command = await buildCommand()
  program = `#!/bin/sh\nexec '${process.execPath}' '${join(command.folder, 'dist/cli/rollcall.js')}' "$@"\n`
  emulator = await createMetadataEmulator()
  metadata = await listen({ fetch: (request) => emulator.fetch(request) })
  files = await startListening(createServer((_, response) => void response.end(program)))
})
afterAll(async () => {
  await metadata?.close()
  await files?.close()
  command?.remove()
  rmSync(folder, { recursive: true, force: true })
})

/**
 * What kubeadm does with its files, by its source: it copies the kubeconfig of the discovery for the kubelet, and deletes
 * the copy after the join.
 */
const kubeadm = (root: string): string => `
echo "$*" > '${root}/kubeadm-arguments'
[ ! -e '${root}/etc/kubernetes/bootstrap-kubelet.conf' ] || exit 1
cp '${root}/etc/kubernetes/rollcall-node.conf' '${root}/etc/kubernetes/bootstrap-kubelet.conf'
rm '${root}/etc/kubernetes/bootstrap-kubelet.conf'`

/** The program in the place of sync: keeps a copy of the folder, as the disk has it from then on. */
const sync = (root: string): string =>
  `cp -a '${root}/etc/kubernetes' '${root}/disk-'$(ls '${root}' | grep -c '^disk-')`

/** An instance that boots with the user data. Its folder is in the place of the root of its files. */
const boot = async (
  change: (text: string) => string = (text) => text,
  env: Readonly<Record<string, string>> = {},
): Promise<Run & { readonly root: string }> => {
  const root = mkdtempSync(join(folder, 'instance-'))
  const sha256 = createHash('sha256').update(program).digest('hex')
  const text = change(nodeFile('user-data.yaml'))
    .replaceAll(/(?<=[\s'=])\/(?=(?:etc|run|usr|var)\/)/g, `${root}/`)
    .replace('https://files.example', `http://127.0.0.1:${files.port}`)
    .replaceAll('SHA256_OF_ROLLCALL', sha256)
  const { files: written, script } = readUserData(text)
  for (const { path, content, permissions = '0644' } of written) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content, { mode: Number.parseInt(permissions, 8) })
  }
  for (const name of ['run', 'usr/local/bin', 'var/lib']) {
    mkdirSync(join(root, name), { recursive: true })
  }
  const PATH = pathWith(join(root, 'usr/local/bin'), {
    kubeadm: kubeadm(root),
    sync: sync(root),
  })
  const ROLLCALL_METADATA_URL = metadata.url
  return { root, ...(await runScript(['sh'], script, { PATH, ROLLCALL_METADATA_URL, ...env })) }
}

describe('the user data of a node', () => {
  it('joins under the name that the API server makes from the token', async () => {
    const { root, status, stderr } = await boot()
    expect(status, stderr).toBe(0)
    const read = (name: string): string => readFileSync(join(root, 'etc/kubernetes', name), 'utf8')

    const template = parseNodeName(DEFAULT_NODE_NAME_TEMPLATE)
    const [instance] = emulator.instances
    if (!template.ok || instance === undefined) throw new Error('no name')
    const field = (name: string): string => instance.document[name.replaceAll('_', '-')] ?? ''
    const ecs = Object.fromEntries(ECS_FIELD_NAMES.map((name) => [name, field(name)]))
    const expected = nodeName(template.value, ecs as Record<EcsField, string>)
    expect(parse(read('rollcall-join.yaml'))).toMatchObject({
      nodeRegistration: { name: expected.ok && expected.value },
    })
    expect(parse(read('rollcall-patches/kubeletconfiguration+merge.yaml'))).toEqual({
      providerID: `${field('region_id')}.${instance.instanceId}`,
    })
    expect(readFileSync(join(root, 'kubeadm-arguments'), 'utf8')).toBe(
      `join --config ${root}/etc/kubernetes/rollcall-join.yaml\n`,
    )
  })

  it('leaves the kubeconfig for the kubelet, which only root can read', async () => {
    const { root } = await boot()
    const file = join(root, 'etc/kubernetes/bootstrap-kubelet.conf')
    expect(readFileSync(file, 'utf8')).toBe(
      readFileSync(join(root, 'etc/kubernetes/rollcall-node.conf'), 'utf8'),
    )
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(root, 'var/lib/rollcall')).mode & 0o777).toBe(0o700)
  })

  it('names the kubeconfig when its content is on the disk, for the case of a power failure', async () => {
    const { root, status, stderr } = await boot()
    expect(status, stderr).toBe(0)
    const onDisk = (sync: number, name: string): string | undefined => {
      const file = join(root, `disk-${sync}`, name)
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined
    }
    const whole = readFileSync(join(root, 'etc/kubernetes/rollcall-node.conf'), 'utf8')
    expect(onDisk(0, 'bootstrap-kubelet.conf.new')).toBe(whole)
    expect(onDisk(0, 'bootstrap-kubelet.conf')).toBeUndefined()
    expect(onDisk(1, 'bootstrap-kubelet.conf')).toBe(whole)
  })

  it.each<[string, (text: string) => string, Record<string, string>]>([
    [
      'of a download that was changed',
      (text) => text.replaceAll('SHA256_OF_ROLLCALL', '0'.repeat(64)),
      {},
    ],
    [
      'of a metadata service that is down',
      (text) => text,
      { ROLLCALL_METADATA_URL: 'http://127.0.0.1:1', ROLLCALL_ATTEMPTS: '1' },
    ],
  ])('does not join because %s', async (_, change, env) => {
    const { root, status } = await boot(change, env)
    expect(status).not.toBe(0)
    expect(existsSync(join(root, 'kubeadm-arguments'))).toBe(false)
    expect(existsSync(join(root, 'etc/kubernetes/bootstrap-kubelet.conf'))).toBe(false)
  })
})
