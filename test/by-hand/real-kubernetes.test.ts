// A node joins a real Kubernetes whose API server asks the service by webhook, as before 1.30: its own controllers approve
// and sign the request of the kubelet. Clusters from 1.30 on get the same user by the printed file.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { requestOf } from '../support/kubernetes/openssl-request.ts'
import { type RealCluster, startRealCluster } from '../support/kubernetes/real-cluster.ts'
import { openWebhookDoor } from '../support/kubernetes/webhook-door.ts'
import { requireTool } from '../support/requirements.ts'
import { NODE_USER, type Reviewing, createReviewing } from '../support/reviewing.ts'
import { DOCUMENT_FIELDS } from '../support/test-cloud.ts'
import { TOKEN_AUDIENCE } from '../support/test-service.ts'
import { createTestCa } from '../support/tls-certificates.ts'

const BUILD_MS = 1_800_000
const CACHE_SECONDS = 2
/** The API server keeps what all its authenticators say, for as long again. */
const OUTER_CACHE_SECONDS = 10
const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
/** What a kubelet of 1.20 asks for. */
const USAGES = ['digital signature', 'key encipherment', 'client auth']

interface Joined {
  readonly folder: string
  readonly gate: Reviewing
  readonly cluster: RealCluster
  close(): Promise<void>
}

const openJoined = async (context: TestContext): Promise<Joined> => {
  requireTool(context, 'openssl', 'apt-get install openssl')
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-cluster-'))
  const ca = createTestCa(join(folder, 'ca'))
  const gate = await createReviewing({ operators: true })
  const door = await openWebhookDoor(gate, ca)
  const webhookKubeconfig = join(folder, 'webhook.yaml')
  writeFileSync(webhookKubeconfig, door.kubeconfig())
  const options = { folder, ca, webhookKubeconfig, cacheSeconds: CACHE_SECONDS }
  const cluster = await startRealCluster(context, options)
  return {
    folder,
    gate,
    cluster,
    async close() {
      await cluster.close()
      door.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** What a user is allowed. */
const review = (resource: string, verb: string): object => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  spec: { resourceAttributes: { verb, group: '', resource } },
})

describe('a real Kubernetes', () => {
  let opened: Promise<Joined> | undefined
  const open = (context: TestContext): Promise<Joined> => (opened ??= openJoined(context))
  afterAll(async () => (await opened?.catch(() => undefined))?.close(), 60_000)

  it(
    'does not know a node whose audience is not in --api-audiences',
    async (context) => {
      const { gate, cluster } = await open(context)
      await cluster.restart([])
      expect((await cluster.call('GET', '/api', undefined, gate.token)).status).toBe(401)
      const reasons = gate.service.events.map(({ reason }) => reason)
      expect(reasons.at(-1)).toBe('audience_not_of_review')
    },
    BUILD_MS,
  )

  it('takes a node for the user of its token, who may do what nodes may and no more', async (context) => {
    const { gate, cluster, folder } = await open(context)
    await cluster.restart(['https://kubernetes.default.svc', TOKEN_AUDIENCE])
    const allowed = async (resource: string, verb: string): Promise<unknown> => {
      const { body } = await cluster.call('POST', REVIEWS, review(resource, verb), gate.token)
      return (body['status'] as { readonly allowed?: boolean }).allowed
    }
    expect([await allowed('nodes', 'create'), await allowed('secrets', 'list')]).toEqual([
      true,
      false,
    ])
    const ask = { name: 'own', commonName: NODE_USER.username, usages: USAGES }
    const made = await cluster.call('POST', REQUESTS, await requestOf(folder, ask), gate.token)
    expect([made.status, made.body['spec']]).toEqual([
      201,
      expect.objectContaining({
        username: NODE_USER.username,
        uid: NODE_USER.uid,
        groups: ['system:nodes', 'system:authenticated'],
        extra: NODE_USER.extra,
      }),
    ])
    for (const claims of [{ cnf: { jkt: 'k'.repeat(43) } }, { role: 'builder' }, { aud: ['x'] }]) {
      const token = gate.resigned(claims)
      expect((await cluster.call('GET', '/api', undefined, token)).status).toBe(401)
    }
  })

  it('signs the request with the name of the node by itself, and no request with another name', async (context) => {
    const { gate, cluster, folder } = await open(context)
    const other = { name: 'other', commonName: 'system:node:another', usages: USAGES }
    const made = await cluster.call('POST', REQUESTS, await requestOf(folder, other), gate.token)
    // Since 1.31 NodeRestriction refuses it; before, it stays pending.
    const isRefused = cluster.minor >= 31
    expect(made.status).toBe(isRefused ? 403 : 201)
    // kubeadm grants this.
    const bound = await cluster.call(
      'POST',
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'kubeadm:node-autoapprove-certificate-rotation' },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
        },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
      },
    )
    expect(bound.status).toBe(201)
    await cluster.startControllers()
    const statusOf = async (name: string): Promise<Readonly<Record<string, unknown>>> =>
      (await cluster.call('GET', `${REQUESTS}/${name}`)).body['status'] as Record<string, unknown>
    await expect
      .poll(async () => (await statusOf('own'))['certificate'], { timeout: 30_000 })
      .toBeTypeOf('string')
    const { conditions, certificate } = await statusOf('own')
    expect(conditions).toMatchObject([{ type: 'Approved', reason: 'AutoApproved' }])
    const file = join(folder, 'node.pem')
    writeFileSync(file, Buffer.from(String(certificate), 'base64'))
    const subject = execFileSync('openssl', ['x509', '-in', file, '-noout', '-subject'])
    expect(subject.toString()).toContain(`O = system:nodes, CN = ${NODE_USER.username}`)
    if (!isRefused) expect(await statusOf('other')).toEqual({})
  })

  it('knows a banned node no longer, once what it has cached ends', async (context) => {
    const { gate, cluster } = await open(context)
    const status = async (): Promise<number> =>
      (await cluster.call('GET', '/api', undefined, gate.token)).status
    expect(await status()).toBe(200)
    const ban = `/v1/admin/bans/instance/${DOCUMENT_FIELDS['instance-id']}`
    expect((await gate.service.operate('PUT', ban, { reason: 'r' })).status).toBe(200)
    const timeout = (CACHE_SECONDS + OUTER_CACHE_SECONDS + 3) * 1000
    await expect.poll(status, { timeout, interval: 500 }).toBe(401)
  })
})
