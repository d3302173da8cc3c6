// The stand-in API server gives the rights that a real one gives: the same questions of the same users to both.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type BothServers,
  type Json,
  NODE,
  type UserName,
  startBothServers,
} from '../support/kubernetes/both-servers.ts'
import { KUBELET_SERVING } from '../support/kubernetes/certificate-requests.ts'
import { findReadyPrograms, requireReadyPrograms } from '../support/kubernetes/programs.ts'

const NODES = '/api/v1/nodes'

let servers: BothServers
beforeAll(async () => {
  if (findReadyPrograms() !== undefined) servers = await startBothServers()
})
afterAll(() => servers?.close())

describe('a Node', () => {
  const node = (name: string, more: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, ...more },
  })

  it('is made and changed by itself alone', async (context) => {
    requireReadyPrograms(context)
    await servers.same('node', 'POST', NODES, node('another'))
    await servers.same('admin', 'POST', NODES, node('another'))
    await servers.same('node', 'POST', NODES, node(NODE))
    await servers.same('node', 'PUT', `${NODES}/another`, node('another'))
    const change = async (user: UserName, changed: (body: Json) => object): Promise<number> =>
      (await servers.change(user, `${NODES}/${NODE}`, changed)).status
    const labelled = (body: Json): object => ({
      ...body,
      metadata: { ...(body['metadata'] as Json), labels: { a: 'b' } },
    })
    const banned = { key: 'rollcall.example/banned', value: 'true', effect: 'NoExecute' }
    expect(await change('node', labelled)).toBe(200)
    expect(await change('admin', (body) => ({ ...body, spec: { taints: [banned] } }))).toBe(200)
    expect(await change('node', labelled)).toBe(200)
    // What the page on bans relies on.
    expect(await change('node', (body) => ({ ...body, spec: { taints: [] } }))).toBe(403)
    await servers.same('node', 'GET', `${NODES}/another`)
    await servers.same('node', 'GET', `${NODES}/${NODE}`)
    await servers.same('node', 'GET', NODES)
    await servers.same('node', 'DELETE', `${NODES}/another`)
    await servers.same('node', 'DELETE', `${NODES}/${NODE}`)
    await servers.same('admin', 'DELETE', `${NODES}/nowhere`)
  })
})

describe('rights', () => {
  const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']

  it.for<UserName>(['admin', 'node', 'bootstrapper', 'person'])('of %s', async (user, context) => {
    requireReadyPrograms(context)
    const asked = [
      ...['', 'own'].map((name) => ({
        group: 'certificates.k8s.io',
        resource: 'certificatesigningrequests',
        name,
      })),
      ...['approval', 'status', 'selfnodeclient', 'nodeclient'].map((subresource) => ({
        group: 'certificates.k8s.io',
        resource: 'certificatesigningrequests',
        subresource,
      })),
      ...['', NODE, 'another'].map((name) => ({ group: '', resource: 'nodes', name })),
      ...[NODE, 'another'].map((name) => ({
        group: '',
        resource: 'nodes',
        subresource: 'status',
        name,
      })),
      { group: '', resource: 'secrets', namespace: 'kube-system' },
      { group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
      { group: 'certificates.k8s.io', resource: 'signers', name: KUBELET_SERVING, verb: 'approve' },
    ]
    const differ: string[] = []
    for (const attributes of asked) {
      for (const verb of VERBS) {
        const resourceAttributes = { verb, ...attributes }
        const body = {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes },
        }
        const [real, other] = (await servers.both(user, 'POST', REVIEWS, body)).map(
          (it) => (it.body['status'] as { readonly allowed: boolean }).allowed,
        )
        if (real !== other) differ.push(`${JSON.stringify(resourceAttributes)}: ${real}`)
      }
    }
    expect(differ).toEqual([])
  })

  it.for([
    '/version',
    '/api',
    '/apis',
    '/healthz',
    '/livez',
    '/readyz',
    '/openapi/v3',
    '/apis/certificates.k8s.io/v1',
  ])('at %s', async (path, context) => {
    requireReadyPrograms(context)
    for (const user of ['admin', 'node', 'person', 'nobody'] as const)
      await servers.same(user, 'GET', path)
  })
})
