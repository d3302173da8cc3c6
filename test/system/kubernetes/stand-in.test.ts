// The stand-in API server, as kubectl sees it: what other tests of Kubernetes stand on.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ApiServer,
  STAND_IN_VERSION,
  startApiServer,
} from '../../support/kubernetes/api-server.ts'
import { type Csr, KUBELET_CLIENT } from '../../support/kubernetes/certificate-requests.ts'
import type { Run } from '../../support/command.ts'
import { clusterRoleBinding } from '../../support/kubernetes/kubeadm-objects.ts'
import type { KubeObject } from '../../support/kubernetes/resources.ts'
import { requestOf } from '../../support/kubernetes/openssl-request.ts'
import type { KubeconfigUser } from '../../support/kubernetes/kubeconfig.ts'
import { findKubectl, requireKubectl } from '../../support/kubernetes/kubectl.ts'
import { type Kubectl, kubectlWith } from '../../support/kubernetes/run-kubectl.ts'

const NODE = 'cn-hangzhou.i-1'
const NODE_USER = { username: `system:node:${NODE}`, groups: ['system:nodes'] }

let server: ApiServer
let folder: string
beforeAll(async () => {
  // Downloaded here, which takes longer than a test. A test says why it is missing.
  await findKubectl().catch(() => undefined)
  folder = mkdtempSync(join(tmpdir(), 'rollcall-stand-in-'))
  server = await startApiServer()
})
afterAll(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

const kubectlAs = async (path: string, user?: KubeconfigUser): Promise<Kubectl> =>
  kubectlWith(path, folder, await server.kubeconfig(user))

describe('the stand-in API server', () => {
  it('says what it is', async (context) => {
    const kubectl = await kubectlAs(await requireKubectl(context))
    const { stdout, stderr } = await kubectl(['version', '-o', 'json'])
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({
      clientVersion: { minor: '35' },
      serverVersion: { gitVersion: STAND_IN_VERSION, platform: 'stand-in/node' },
    })
  })

  it('knows its users by certificate and by token, and answers 401 to all others', async (context) => {
    const path = await requireKubectl(context)
    const whoami = async (user?: KubeconfigUser): Promise<unknown> => {
      const run = await (await kubectlAs(path, user))(['auth', 'whoami', '-o', 'json'])
      if (run.status !== 0) return run.stderr
      const { status } = JSON.parse(run.stdout) as { status: { userInfo: object } }
      return status.userInfo
    }
    expect(await whoami()).toEqual({
      username: 'kubernetes-admin',
      groups: ['system:masters', 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=/)],
      },
    })
    expect(await whoami({ token: server.tokenFor(NODE_USER) })).toEqual({
      username: NODE_USER.username,
      groups: ['system:nodes', 'system:authenticated'],
    })
    expect(await whoami({ token: 'no-such-token' })).toContain('Unauthorized')
    const other = await startApiServer()
    try {
      expect(await whoami(await other.certificateFor('mallory', 'system:masters'))).toMatch(
        /Unauthorized|must be logged in/,
      )
    } finally {
      await other.close()
    }
  })

  it('approves and signs the request of a node for its own name, and leaves another name', async (context) => {
    const path = await requireKubectl(context)
    const node = await kubectlAs(path, { token: server.tokenFor(NODE_USER) })
    // As a bootstrap token is, but without the right of kubeadm's group: no node, so NodeRestriction lets it ask.
    const nobodysNode = { username: 'system:bootstrap:a', groups: ['system:bootstrappers:a'] }
    server.put(clusterRoleBinding('a', 'system:node-bootstrapper', 'system:bootstrappers:a'))
    const bootstrapper = await kubectlAs(path, { token: server.tokenFor(nobodysNode) })
    const admin = await kubectlAs(path)
    const send = async (name: string, commonName: string, by = node): Promise<void> => {
      const file = join(folder, `${name}.json`)
      writeFileSync(file, JSON.stringify(await requestOf(folder, { name, commonName })))
      const run = await by(['create', '-f', file])
      expect(run, run.stderr).toMatchObject({ status: 0 })
    }
    const get = async (name: string): Promise<Csr> =>
      JSON.parse((await admin(['get', 'csr', name, '-o', 'json'])).stdout) as Csr
    await send('own', NODE_USER.username)
    await send('other', 'system:node:cn-hangzhou.i-2', bootstrapper)
    const waited = await node(['wait', 'csr/own', '--for=jsonpath={.status.certificate}'])
    expect(waited, waited.stderr).toMatchObject({ status: 0 })
    const { spec, status } = await get('own')
    expect(spec).toMatchObject({ ...NODE_USER, groups: ['system:nodes', 'system:authenticated'] })
    expect(spec.signerName).toBe(KUBELET_CLIENT)
    expect(status.conditions).toEqual([
      expect.objectContaining({
        type: 'Approved',
        message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
      }),
    ])
    const certificate = new X509Certificate(Buffer.from(status.certificate ?? '', 'base64'))
    expect(certificate.subject.split('\n').toSorted()).toEqual([
      `CN=${NODE_USER.username}`,
      'O=system:nodes',
    ])
    expect(certificate.verify(new X509Certificate(server.ca).publicKey)).toBe(true)
    expect((await get('other')).status).toEqual({})
    const approved = await admin(['certificate', 'approve', 'other'])
    expect(approved, approved.stderr).toMatchObject({ status: 0 })
    await admin(['wait', 'csr/other', '--for=jsonpath={.status.certificate}'])
    expect((await get('other')).status.certificate).toMatch(/^LS0t/)
  })

  it('lets a node do what a node does, and nothing else', async (context) => {
    const path = await requireKubectl(context)
    const node = await kubectlAs(path, { token: server.tokenFor(NODE_USER) })
    const may = async (...args: string[]): Promise<string> =>
      (await node(['auth', 'can-i', ...args])).stdout.trim()
    expect(await may('create', 'csr')).toBe('yes')
    expect(await may('get', `nodes/${NODE}`)).toBe('yes')
    expect(await may('get', 'nodes/another')).toBe('no')
    expect(await may('update', 'csr/own', '--subresource=approval')).toBe('no')
    const { status, stderr } = await node(['get', 'secrets', '-n', 'kube-system'])
    expect(status).toBe(1)
    expect(stderr).toContain(
      `secrets is forbidden: User "system:node:${NODE}" cannot list resource "secrets" in API group "" in the namespace "kube-system"`,
    )
  })

  it('has the bindings of kubeadm and the flags of the control plane', async (context) => {
    const admin = await kubectlAs(await requireKubectl(context))
    const list = async (...args: string[]): Promise<{ metadata: { name: string } }[]> => {
      const run = await admin(['get', ...args, '-o', 'json'])
      expect(run, run.stderr).toMatchObject({ status: 0 })
      return (JSON.parse(run.stdout) as { items: { metadata: { name: string } }[] }).items
    }
    const bindings = (await list('clusterrolebindings')).map(({ metadata }) => metadata.name)
    expect(bindings).toContain('kubeadm:node-autoapprove-certificate-rotation')
    const pods = await list('pods', '-n', 'kube-system', '-l', 'tier=control-plane')
    expect(JSON.stringify(pods)).toContain('--authorization-mode=Node,RBAC')
    expect(await list('roles,rolebindings', '-A')).toEqual([])
  })

  it('refuses a change of an object that somebody else has changed', async (context) => {
    const admin = await kubectlAs(await requireKubectl(context))
    const made = server.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'changed' } })
    const file = join(folder, 'node.json')
    const replace = async (node: KubeObject): Promise<Run> => {
      writeFileSync(file, JSON.stringify(node))
      return admin(['replace', '-f', file])
    }
    const labelled = (value: string): KubeObject => ({
      ...made,
      metadata: { ...made.metadata, labels: { value } },
    })
    const first = await replace(labelled('a'))
    expect(first, first.stderr).toMatchObject({ status: 0 })
    const second = await replace(labelled('b'))
    expect(second.status).toBe(1)
    expect(second.stderr).toContain('the object has been modified')
  })

  it('sends changes to a watch, and 410 for a version that is too old', async () => {
    const token = server.tokenFor({ username: 'admin', groups: ['system:masters'] })
    const dispatcher = new Agent({ connect: { ca: server.ca } })
    const before = server.store.version()
    const watch = async (): Promise<{ type: string; object: KubeObject & { code?: number } }[]> => {
      const query = `watch=true&resourceVersion=${before}&timeoutSeconds=1&allowWatchBookmarks=true`
      const answer = await fetch(`${server.url}/api/v1/nodes?${query}`, {
        headers: { Authorization: `Bearer ${token}` },
        dispatcher,
      })
      expect(answer.status).toBe(200)
      return (await answer.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    }
    const made = server.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } })
    const watching = watch()
    server.put({ ...made, metadata: { ...made.metadata, labels: { a: 'b' } } })
    server.remove('v1', 'Node', NODE)
    const events = await watching
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'])
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion))
    expect(versions.slice(0, 3)).toEqual([before + 1, before + 2, before + 3])
    server.store.compact()
    expect(await watch()).toMatchObject([
      { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } },
    ])
  })
})
