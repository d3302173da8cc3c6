// `rollcall kubernetes approve` in a real cluster: with a token of its service account, with the rights of its manifest and
// no others. Nodes send their requests by token and by certificate, and the built-in signer signs.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type Run, jsonLines } from '../support/command.ts'
import type { ProcessOptions } from '../support/command-process.ts'
import type { KeyPair } from '../support/kubernetes/authority.ts'
import { type Csr, KUBELET_SERVING } from '../support/kubernetes/certificate-requests.ts'
import { type Cluster, startCluster } from '../support/kubernetes/cluster.ts'
import {
  asNode,
  instanceAt,
  kubectlAs,
  readRequest,
  sendRequest,
  userNameOf,
  waitForCertificate,
} from '../support/kubernetes/joining.ts'
import { findKubectl } from '../support/kubernetes/kubectl.ts'
import { findReadyPrograms, requireReadyPrograms } from '../support/kubernetes/programs.ts'
import type { RealServer } from '../support/kubernetes/real-server.ts'
import type { KubeObject } from '../support/kubernetes/resources.ts'
import type { Kubectl } from '../support/kubernetes/run-kubectl.ts'
import { waitUntil } from '../support/processes.ts'
import { readProjectFile } from '../support/sources.ts'

const MANIFEST = readProjectFile('functions/kubernetes/approver.yaml')
const ROLE = parseAllDocuments(MANIFEST)
  .map((document) => document.toJS() as KubeObject)
  .find(({ kind }) => kind === 'ClusterRole') as KubeObject & { readonly rules: readonly object[] }

let cluster: Cluster
let server: RealServer
beforeAll(async () => {
  if (findReadyPrograms() === undefined) return
  await findKubectl().catch(() => undefined)
  cluster = await startCluster()
  if (cluster.real === undefined) throw new Error('the API server is not a real one')
  server = cluster.real
})
afterAll(() => cluster?.close())

const file = (...names: string[]): string => join(cluster.command.folder, ...names)
const nodeAt = (at: number): string =>
  userNameOf(instanceAt(cluster, at)).replace('system:node:', '')
const addressAt = (at: number): string => instanceAt(cluster, at).document['private-ipv4'] ?? ''

/** Applies the manifest once, and makes the folder that a pod has. @returns its path */
const deployed = async (context: TestContext): Promise<string> => {
  const folder = file('account')
  const admin = await kubectlAs(context, cluster)
  const run = async (...args: string[]): Promise<string> => {
    const ended = await admin(args)
    expect(ended, ended.stderr).toMatchObject({ status: 0, stderr: '' })
    return ended.stdout
  }
  if ((await admin(['get', 'namespace', 'rollcall'])).status !== 0) {
    await run('create', 'namespace', 'rollcall')
    writeFileSync(file('approver.yaml'), MANIFEST)
    await run('apply', '--validate=strict', '-n', 'rollcall', '-f', file('approver.yaml'))
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'ca.crt'), server.ca)
  const token = await run('create', 'token', 'rollcall-approver', '-n', 'rollcall')
  writeFileSync(join(folder, 'token'), token)
  return folder
}

const approve = (
  folder: string,
  args: readonly string[],
  started?: ProcessOptions['started'],
): Promise<Run> => {
  const { hostname, port } = new URL(server.url)
  const env = {
    ...cluster.env,
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
  }
  const account = instanceAt(cluster, 0).ownerAccountId
  const records = ['--admin-key', file('operator.json'), '--account', account]
  const words = ['kubernetes', 'approve', '--issuer', cluster.issuer, '--json', ...records]
  const given = [...words, '--service-account', folder, ...args]
  return cluster.command.run(given, { env, ...(started && { started }) })
}

/** Sends a request of a serving certificate. */
const send = (kubectl: Kubectl, name: string, at: number, names: string): Promise<void> =>
  sendRequest(cluster, kubectl, {
    name,
    commonName: `system:node:${nodeAt(at)}`,
    names,
    signerName: KUBELET_SERVING,
    usages: ['digital signature', 'server auth'],
  })

const conditionOf = ({ status }: Csr): string =>
  (status.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`).join()

/** kubectl with a client certificate, as a node has it after it joined. */
const withCertificate = async (context: TestContext, at: number): Promise<Kubectl> => {
  const options = { instance: instanceAt(cluster, at), key: `key-${at}.json` }
  const byToken = await asNode(context, cluster, options)
  const name = `client-${at}`
  await sendRequest(cluster, byToken, { name, commonName: `system:node:${nodeAt(at)}` })
  const pair: KeyPair = {
    cert: await waitForCertificate(byToken, name),
    key: readFileSync(file(`${name}.key`), 'utf8'),
  }
  return kubectlAs(context, cluster, pair)
}

describe('rollcall kubernetes approve in a real cluster', () => {
  it('approves the address of a token and of a record, denies another one, leaves a banned node', async (context) => {
    requireReadyPrograms(context)
    const folder = await deployed(context)
    const [byToken, byCertificate, banned] = [
      await asNode(context, cluster, { key: 'key-0.json' }),
      await withCertificate(context, 1),
      await withCertificate(context, 2),
    ]
    await send(byToken, 'by-token', 0, `DNS:${nodeAt(0)},IP:${addressAt(0)}`)
    await send(byToken, 'other-address', 0, `DNS:${nodeAt(0)},IP:10.99.0.1`)
    await send(byCertificate, 'by-record', 1, `DNS:${nodeAt(1)},IP:${addressAt(1)}`)
    await send(banned, 'banned', 2, `DNS:${nodeAt(2)},IP:${addressAt(2)}`)
    const { instanceId } = instanceAt(cluster, 2)
    await cluster.operate('admin', 'ban', 'instance', instanceId, '--reason', 'stolen')
    const { status, stdout, stderr } = await approve(folder, ['--once'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const reasons = jsonLines(stdout).map(({ name, decision, reason }) => [name, decision, reason])
    expect(reasons.toSorted()).toEqual([
      ['banned', 'leave', 'RecordRevoked'],
      ['by-record', 'approve', 'Attested'],
      ['by-token', 'approve', 'Attested'],
      ['other-address', 'deny', 'AddressNotAttested'],
    ])
    const admin = await kubectlAs(context, cluster)
    expect(await waitForCertificate(admin, 'by-token')).toContain('BEGIN CERTIFICATE')
    expect(await waitForCertificate(admin, 'by-record')).toContain('BEGIN CERTIFICATE')
    expect(conditionOf(await readRequest(admin, 'by-token'))).toBe('Approved Attested')
    expect(conditionOf(await readRequest(admin, 'other-address'))).toBe('Denied AddressNotAttested')
    expect(conditionOf(await readRequest(admin, 'banned'))).toBe('')
    await admin(['delete', 'csr', 'banned', 'other-address'])
  })

  it('needs every rule of its ClusterRole', async (context) => {
    requireReadyPrograms(context)
    const folder = await deployed(context)
    const node = await asNode(context, cluster, { key: 'key-0.json' })
    const admin = await kubectlAs(context, cluster)
    const ends = (status: number, what: string): Promise<void> =>
      waitUntil(async () => (await approve(folder, ['--once'])).status === status, {
        seconds: 20,
        what,
      })
    for (const [at, rule] of ROLE.rules.entries()) {
      const name = `rules-${at}`
      await send(node, name, 0, `DNS:${nodeAt(0)},IP:${addressAt(0)}`)
      await server.put({ ...ROLE, rules: ROLE.rules.filter((it) => it !== rule) })
      await ends(4, `a refusal without ${JSON.stringify(rule)}`)
      expect(conditionOf(await readRequest(admin, name))).toBe('')
      await server.put(ROLE)
      await ends(0, 'an approval with all rules')
      expect(conditionOf(await readRequest(admin, name))).toBe('Approved Attested')
    }
  })

  it('sees requests as they come, and two of them decide once about each', async (context) => {
    requireReadyPrograms(context)
    const folder = await deployed(context)
    const node = await asNode(context, cluster, { key: 'key-0.json' })
    const admin = await kubectlAs(context, cluster)
    const running: { kill(): unknown; output: { stdout: string } }[] = []
    const ends = [0, 1].map(() =>
      approve(folder, [], (child, output) =>
        running.push({ kill: () => child.kill('SIGTERM'), output }),
      ),
    )
    await waitUntil(() => running.length === 2, { seconds: 20, what: 'two approvers' })
    const names = [0, 1, 2, 3].map((it) => `watched-${it}`)
    for (const name of names) await send(node, name, 0, `DNS:${nodeAt(0)},IP:${addressAt(0)}`)
    for (const name of names) await waitForCertificate(admin, name)
    // The second one sees the decisions of the first, and says no word of a conflict.
    for (const { kill } of running) kill()
    for (const { status, stderr } of await Promise.all(ends)) expect(status, stderr).toBe(0)
    const decided = running.flatMap(({ output }) =>
      jsonLines(output.stdout).filter(({ decision }) => decision === 'approve'),
    )
    expect(decided.map(({ name }) => name).toSorted()).toEqual(names)
  })
})
