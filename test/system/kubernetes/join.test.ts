// An instance joins a cluster: real kubectl with the plugin in its kubeconfig, the service, an emulated instance, and the
// stand-in API server with the configuration that `rollcall kubernetes config` printed.

import { X509Certificate } from 'node:crypto'
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLUSTER_AUDIENCE, type Cluster, startCluster } from '../../support/kubernetes/cluster.ts'
import {
  asNode,
  createRequest,
  expectUnauthorized,
  instanceAt,
  kubectlAs,
  readRequest,
  sendRequest,
  userNameOf,
  waitForCertificate,
  whoami,
} from '../../support/kubernetes/joining.ts'
import { KUBELET_SERVING } from '../../support/kubernetes/certificate-requests.ts'
import { findKubectl, requireKubectl } from '../../support/kubernetes/kubectl.ts'
import type { RequestOptions } from '../../support/kubernetes/openssl-request.ts'
import { waitForOutput } from '../../support/output.ts'
import { startProcess } from '../../support/processes.ts'

/** How long signed certificates live here. */
const SIGNING_SECONDS = 12
/** How long exchanged tokens of the role `short` live. */
const SHORT_SECONDS = 40

let cluster: Cluster
beforeAll(async () => {
  // Downloaded here, which takes longer than a test. Each test says why it is missing.
  await findKubectl().catch(() => undefined)
  const exchange = [{ audience: CLUSTER_AUDIENCE, binding: 'none' }]
  const bound = { token: { audience: ['https://rollcall.internal'] }, exchange, binding: 'dpop' }
  cluster = await startCluster({
    roles: {
      once: { ...bound, reenrollment: 'never' },
      short: {
        ...bound,
        reenrollment: 'same_key',
        exchange: exchange.map((it) => ({ ...it, lifetime_seconds: SHORT_SECONDS })),
      },
      simple: { token: { audience: [CLUSTER_AUDIENCE] }, reenrollment: 'always' },
    },
    admitted: ['node', 'once', 'short', 'simple'],
    apiServer: { clusterSigningSeconds: SIGNING_SECONDS },
  })
})
afterAll(() => cluster?.close())

const file = (...names: string[]): string => join(cluster.command.folder, ...names)
const nameOf = (at = 0): string => userNameOf(instanceAt(cluster, at))
const addressOf = (at = 0): string | undefined => instanceAt(cluster, at).document['private-ipv4']

describe('kubectl with the plugin', () => {
  it('is the node that the cloud attests', async (context) => {
    const { run, ...user } = await whoami(await asNode(context, cluster))
    expect(run.stderr).toMatch(/^rollcall: made a key for i-\S+, .+\n$/)
    expect(user).toEqual({
      username: nameOf(),
      uid: instanceAt(cluster, 0).document['serial-number'],
      groups: ['system:nodes', 'system:authenticated'],
      extra: {
        'localhost/addresses': [addressOf()],
        'localhost/role': ['node'],
        'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)],
      },
    })
  })

  it('exchanges the kept token in the next process, and enrolls no more', async (context) => {
    const { length } = cluster.service.auditEvents()
    const { run } = await whoami(await asNode(context, cluster))
    expect(run.stderr).toBe('')
    const events = cluster.service.auditEvents().slice(length)
    expect(events.map(({ event, outcome }) => [event, outcome])).toEqual([['exchange', 'issued']])
    const [name = ''] = readdirSync(file('key.json.tokens'))
    expect(statSync(file('key.json.tokens', name)).mode & 0o777).toBe(0o600)
  })

  it('runs the plugin once more if the API server answers 401', async (context) => {
    const other = await cluster.configure('--role', 'another')
    const { length } = cluster.service.auditEvents()
    await cluster.server.configure(other)
    try {
      await expectUnauthorized(await asNode(context, cluster))
    } finally {
      await cluster.server.configure(cluster.configuration)
    }
    const events = cluster.service.auditEvents().slice(length)
    expect(events.map(({ event }) => event)).toEqual(['exchange', 'exchange'])
  })

  it('asks for the next token 30 seconds before the last one ends, and not earlier', async (context) => {
    const kubectl = await requireKubectl(context)
    const user = cluster.plugin({ role: 'short' })
    const kubeconfig = file('proxy.conf')
    writeFileSync(kubeconfig, await cluster.server.kubeconfig(user))
    const proxy = startProcess(kubectl, ['proxy', '--port=0'], { KUBECONFIG: kubeconfig })
    context.onTestFinished(async () => void (await proxy.stop()))
    await waitForOutput(proxy, 'stdout', 'Starting to serve on ')
    const [, address] = /Starting to serve on (\S+)/.exec(proxy.output.stdout) ?? []
    const exchanges = (): number =>
      cluster.service
        .auditEvents()
        .filter(({ event, role }) => event === 'exchange' && role === 'short').length
    const ask = async (): Promise<number> => {
      const { status } = await fetch(`http://${address}/apis/certificates.k8s.io/v1`)
      expect(status).toBe(200)
      return exchanges()
    }
    expect(await ask()).toBe(1)
    expect(await ask()).toBe(1)
    await sleep((SHORT_SECONDS - 30 + 1) * 1000)
    expect(await ask()).toBe(2)
  })

  it('takes an unbound token without a key, and keeps nothing', async (context) => {
    const before = readdirSync(cluster.command.folder)
    const user = await whoami(await asNode(context, cluster, { role: 'simple', key: false }))
    expect(user.username).toBe(nameOf())
    const made = readdirSync(cluster.command.folder).filter((name) => !before.includes(name))
    expect(made).toEqual([expect.stringMatching(/^kubeconfig-/)])
  })

  it('is another node on another instance', async (context) => {
    const options = { instance: instanceAt(cluster, 1), key: 'key-1.json' }
    expect(await whoami(await asNode(context, cluster, options))).toMatchObject({
      username: nameOf(1),
    })
  })

  it('does not start with the key of another instance', async (context) => {
    const kubectl = await asNode(context, cluster, { instance: instanceAt(cluster, 1) })
    const { status, stderr } = await kubectl(['auth', 'whoami'])
    expect(status).not.toBe(0)
    expect(stderr).toContain(`the key was made for instance ${instanceAt(cluster, 0).instanceId}`)
    expect(stderr).toContain('failed with exit code 2')
  })

  it('enrolls once if two processes begin at the same time, under "never"', async (context) => {
    const options = { role: 'once', key: 'once.json', instance: instanceAt(cluster, 2) }
    const kubectls = [
      await asNode(context, cluster, options),
      await asNode(context, cluster, options),
    ]
    const users = await Promise.all(kubectls.map(whoami))
    expect(users.map(({ username }) => username)).toEqual([nameOf(2), nameOf(2)])
    const enrolled = cluster.service
      .auditEvents()
      .filter(({ event, role }) => event === 'enroll' && role === 'once')
    expect(enrolled.map(({ outcome }) => outcome)).toEqual(['issued'])
  })

  it('shows why the plugin refuses v1beta1', async (context) => {
    const apiVersion = 'client.authentication.k8s.io/v1beta1'
    const { status, stderr } = await (
      await asNode(context, cluster, { apiVersion })
    )(['auth', 'whoami'])
    expect(status).not.toBe(0)
    expect(stderr).toContain(
      `rollcall: KUBERNETES_EXEC_INFO: the kubeconfig asks for ${apiVersion}`,
    )
    expect(stderr).toContain('failed with exit code 2')
  })

  it('may not read what a node has no right to', async (context) => {
    const { status, stderr } = await (await asNode(context, cluster))(['get', 'secrets', '-A'])
    expect(status).toBe(1)
    expect(stderr).toContain(
      `secrets is forbidden: User "${nameOf()}" cannot list resource "secrets"`,
    )
  })
})

describe('a certificate request of a node', () => {
  it('is approved as its own, and its certificate opens the API server until it ends', async (context) => {
    const node = await asNode(context, cluster)
    await sendRequest(cluster, node, { name: 'own', commonName: nameOf() })
    const cert = await waitForCertificate(node, 'own')
    const { spec, status } = await readRequest(node, 'own')
    expect(spec).toMatchObject({
      username: nameOf(),
      groups: ['system:nodes', 'system:authenticated'],
      extra: { 'localhost/addresses': [addressOf()] },
    })
    expect(status.conditions?.map(({ message }) => message)).toEqual([
      'Auto approving self kubelet client certificate after SubjectAccessReview.',
    ])
    const key = readFileSync(file('own.key'), 'utf8')
    const byCertificate = await kubectlAs(context, cluster, { cert, key })
    expect(await whoami(byCertificate)).toMatchObject({
      username: nameOf(),
      groups: ['system:nodes', 'system:authenticated'],
    })
    const end = Date.parse(new X509Certificate(cert).validTo)
    await sleep(Math.max(0, end - Date.now()) + 1000)
    await expectUnauthorized(byCertificate)
    // A new token comes from a fresh attestation, and with it a new certificate.
    await sendRequest(cluster, node, { name: 'own-again', commonName: nameOf() })
    expect(await waitForCertificate(node, 'own-again')).toContain('BEGIN CERTIFICATE')
  })

  it.for<readonly [string, Partial<RequestOptions>]>([
    ['of another node', { commonName: 'system:node:cn-hangzhou.i-another' }],
    ['of an administrator', { commonName: 'kubernetes-admin', organization: 'system:masters' }],
    [
      'of another node for servers',
      {
        commonName: 'system:node:cn-hangzhou.i-another',
        signerName: KUBELET_SERVING,
        names: 'DNS:cn-hangzhou.i-another',
        usages: ['digital signature', 'server auth'],
      },
    ],
  ])('%s is refused', async ([what, options], context) => {
    const node = await kubectlAs(context, cluster, { token: await cluster.token() })
    const name = `refused-${what.replaceAll(' ', '-')}`
    const run = await createRequest(cluster, node, { name, commonName: nameOf(), ...options })
    expect(run.status).toBe(1)
    expect(run.stderr).toContain(
      `certificatesigningrequests.certificates.k8s.io "${name}" is forbidden: can only create a node CSR with CN=${nameOf()}`,
    )
  })

  it.for<readonly [string, Partial<RequestOptions>]>([
    ['with a group beside nodes', { organization: 'system:nodes/O=system:masters' }],
    ['with a name for servers', { names: 'DNS:kubernetes.default.svc' }],
    ['for servers', { usages: ['digital signature', 'server auth'] }],
  ])('%s stays pending', async ([what, options], context) => {
    const node = await kubectlAs(context, cluster, { token: await cluster.token() })
    const name = `pending-${what.replaceAll(' ', '-')}`
    await sendRequest(cluster, node, { name, commonName: nameOf(), ...options })
    // The next one, for its own name, comes later and is signed first.
    await sendRequest(cluster, node, { name: `${name}-own`, commonName: nameOf() })
    await waitForCertificate(node, `${name}-own`)
    expect((await readRequest(node, name)).status).toEqual({})
  })

  it('cannot be approved by the node itself', async (context) => {
    const node = await asNode(context, cluster)
    const request = { name: 'wished', commonName: nameOf(), names: 'DNS:a' }
    await sendRequest(cluster, node, request)
    const { status, stderr } = await node(['certificate', 'approve', 'wished'])
    expect(status).toBe(1)
    expect(stderr).toContain('forbidden')
  })
})
