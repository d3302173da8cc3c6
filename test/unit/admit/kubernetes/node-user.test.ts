// The user of a node: from attested fields and constants, and from nothing else.

import { expect, test } from 'vitest'
import { nodeUser } from '../../../../src/admit/kubernetes/node-user.ts'

const ECS = { private_ipv4: '10.0.0.5', serial_number: 'f4b1-0001' }

test('nodeUser() makes a user of the group system:nodes, with its address and its role', () => {
  const user = nodeUser({
    issuer: 'https://rollcall.test',
    name: 'cn-hangzhou.i-1',
    claims: { role: 'worker', ecs: ECS },
  })
  expect(user).toEqual({
    username: 'system:node:cn-hangzhou.i-1',
    uid: 'f4b1-0001',
    groups: ['system:nodes'],
    extra: { 'rollcall.test/addresses': ['10.0.0.5'], 'rollcall.test/role': ['worker'] },
  })
})

test('nodeUser() leaves the port of the issuer out, which a key of Kubernetes cannot have', () => {
  const user = nodeUser({
    issuer: 'https://rollcall.test:8443',
    name: 'n',
    claims: { role: 'worker', ecs: ECS },
  })
  expect(Object.keys(user.extra)).toEqual(['rollcall.test/addresses', 'rollcall.test/role'])
})

test('nodeUser() takes no group from the token, not even one that rules the cluster', () => {
  const claims = { role: 'worker', ecs: ECS, groups: ['system:masters'] }
  const { groups } = nodeUser({ issuer: 'https://rollcall.test', name: 'n', claims })
  expect(groups).toEqual(['system:nodes'])
})
