// The stand-in API server takes decisions about certificate requests as a real one: the same changes to both.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type BothServers,
  CSRS,
  type Json,
  type UserName,
  startBothServers,
} from '../support/kubernetes/both-servers.ts'
import { findReadyPrograms, requireReadyPrograms } from '../support/kubernetes/programs.ts'

let servers: BothServers
beforeAll(async () => {
  if (findReadyPrograms() !== undefined) servers = await startBothServers()
})
afterAll(() => servers?.close())

interface Condition {
  readonly type: string
  readonly status?: string
  readonly reason?: string
  readonly message?: string
}
const APPROVED: Condition = { type: 'Approved', status: 'True', reason: 'r', message: 'm' }
const DENIED: Condition = { ...APPROVED, type: 'Denied' }

describe('a decision about a certificate request', () => {
  it.for<readonly [string, UserName, string, readonly (readonly Condition[])[]]>([
    ['to approve it', 'admin', 'approval', [[APPROVED]]],
    ['to deny what was approved', 'admin', 'approval', [[APPROVED], [APPROVED, DENIED]]],
    ['to take an approval back', 'admin', 'approval', [[APPROVED], []]],
    ['to take a denial back', 'admin', 'approval', [[DENIED], []]],
    ['to approve what was denied', 'admin', 'approval', [[DENIED], [APPROVED]]],
    ['to do both', 'admin', 'approval', [[APPROVED, DENIED]]],
    ['to approve twice', 'admin', 'approval', [[APPROVED, APPROVED]]],
    [
      'to approve with another text',
      'admin',
      'approval',
      [[APPROVED], [{ ...APPROVED, reason: 'x' }]],
    ],
    ['with the status False', 'admin', 'approval', [[{ ...APPROVED, status: 'False' }]]],
    ['without a status', 'admin', 'approval', [[{ type: 'Approved', reason: 'r' }]]],
    ['without a reason', 'admin', 'approval', [[{ type: 'Approved', status: 'True' }]]],
    ['of another type', 'admin', 'approval', [[{ ...APPROVED, type: 'Liked' }]]],
    ['of no type', 'admin', 'approval', [[{ ...APPROVED, type: '' }]]],
    ['by the node', 'node', 'approval', [[APPROVED]]],
    ['by a person', 'person', 'approval', [[APPROVED]]],
    ['by the other door', 'admin', 'status', [[APPROVED]]],
    ['to fail', 'admin', 'status', [[{ ...APPROVED, type: 'Failed' }]]],
  ])('%s', async ([what, user, door, steps], context) => {
    requireReadyPrograms(context)
    const name = `c-${what.replaceAll(' ', '-')}`
    await servers.same('node', 'POST', CSRS, await servers.csr({ name }))
    for (const conditions of steps) {
      const changed = (body: Json): object => ({ ...body, status: { conditions } })
      await servers.change(user, `${CSRS}/${name}`, changed, `/${door}`)
      const kept = (await servers.both('admin', 'GET', `${CSRS}/${name}`)).map(({ body }) =>
        JSON.parse(JSON.stringify(body['status']), (key, value: unknown) =>
          key.endsWith('Time') ? 'a time' : value,
        ),
      )
      expect(kept[1]).toEqual(kept[0])
    }
  })

  it('needs the right for the signer, and a version that is not old', async (context) => {
    requireReadyPrograms(context)
    const rules = [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests/approval'],
        verbs: ['update'],
      },
    ]
    const RBAC = '/apis/rbac.authorization.k8s.io/v1'
    const type = { apiVersion: 'rbac.authorization.k8s.io/v1' }
    await servers.same('admin', 'POST', `${RBAC}/clusterroles`, {
      ...type,
      kind: 'ClusterRole',
      metadata: { name: 'half' },
      rules,
    })
    await servers.same('admin', 'POST', `${RBAC}/clusterrolebindings`, {
      ...type,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'half' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'half' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }],
    })
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    await servers.same('node', 'POST', CSRS, await servers.csr({ name: 'd-half' }))
    const approve = (body: Json): object => ({ ...body, status: { conditions: [APPROVED] } })
    const one = `${CSRS}/d-half`
    expect((await servers.change('person', one, approve, '/approval')).status).toBe(403)
    const old = await servers.both('admin', 'GET', one)
    expect((await servers.change('admin', one, approve, '/approval')).status).toBe(200)
    const answers = await Promise.all(
      servers.asks.map((ask, at) =>
        ask('admin', 'PUT', `${one}/approval`, approve(old[at]?.body ?? {})),
      ),
    )
    const [real, other] = answers.map(({ status, body }) => [status, body['message']])
    expect(other).toEqual(real)
    expect(real?.[0]).toBe(409)
  })
})
