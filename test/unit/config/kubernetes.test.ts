// The cluster whose API server may ask: what it takes, and every problem with its place.

import { describe, expect, it } from 'vitest'
import { kubernetesProblems, parseKubernetes } from '../../../src/config/kubernetes.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { sha256Hex } from '../../support/reviewing.ts'
import { createTestService } from '../../support/test-service.ts'

const HASH = sha256Hex('a token')
const CLUSTER = {
  audiences: ['https://cluster.test', 'urn:cluster'],
  roles: ['worker'],
  accounts: ['1609123456789012'],
  webhook_token_sha256: [HASH, sha256Hex('the next token')],
}

describe('parseKubernetes() takes', () => {
  it('a cluster, with the default template for names', () => {
    const { webhook_token_sha256: webhookTokenSha256, ...rest } = CLUSTER
    expect(parseKubernetes(JSON.stringify(CLUSTER))).toMatchObject({
      ok: true,
      value: {
        ...rest,
        webhookTokenSha256,
        nodeName: { template: '{region_id}.{instance_id}' },
      },
    })
  })

  it('a template', () => {
    const text = JSON.stringify({ ...CLUSTER, node_name: 'ecs-{instance_id}' })
    expect(parseKubernetes(text)).toMatchObject({
      value: { nodeName: { template: 'ecs-{instance_id}' } },
    })
  })
})

describe('parseKubernetes() refuses', () => {
  const hex = 'webhook_token_sha256.0: expected 64 lower-case hex digits, the SHA-256 of the secret'
  it.each<readonly [what: string, value: unknown, problem: string]>([
    ['a list', [CLUSTER], 'expected an object with audiences, roles, accounts, node_name, webhook'],
    ['nothing', null, 'expected an object with audiences'],
    ['a missing member', { ...CLUSTER, accounts: undefined }, 'accounts: required'],
    [
      'an unknown member',
      { ...CLUSTER, groups: ['x'] },
      'groups: unknown name; expected one of au',
    ],
    ['no audience', { ...CLUSTER, audiences: [] }, 'audiences: expected at least one value'],
    ['no role', { ...CLUSTER, roles: [] }, 'roles: expected at least one value'],
    ['no account', { ...CLUSTER, accounts: [] }, 'accounts: expected at least one value'],
    ['no token', { ...CLUSTER, webhook_token_sha256: [] }, 'webhook_token_sha256: expected at le'],
    ['an audience twice', { ...CLUSTER, audiences: ['a', 'a'] }, 'audiences: a value occurs twice'],
    ['a role twice', { ...CLUSTER, roles: ['a', 'a'] }, 'roles: a value occurs twice'],
    ['an account twice', { ...CLUSTER, accounts: ['1', '1'] }, 'accounts: a value occurs twice'],
    ['a hash twice', { ...CLUSTER, webhook_token_sha256: [HASH, HASH] }, 'webhook_token_sha256: a'],
    ['a text for a list', { ...CLUSTER, audiences: 'a' }, 'audiences: expected a list'],
    ['an audience with a space', { ...CLUSTER, audiences: ['a b'] }, 'audiences.0: expected print'],
    ['an account as a number', { ...CLUSTER, accounts: [1] }, 'accounts.0: expected an account id'],
    [
      'a pattern',
      { ...CLUSTER, accounts: ['16*'] },
      'accounts.0: expected the digits of an accoun',
    ],
    ['a token itself', { ...CLUSTER, webhook_token_sha256: ['a token'] }, hex],
    ['upper-case hex', { ...CLUSTER, webhook_token_sha256: [HASH.toUpperCase()] }, hex],
    [
      'the hash of nothing',
      { ...CLUSTER, webhook_token_sha256: [HASH, sha256Hex('')] },
      'webhook_token_sha256.1: is the hash of an empty text; hash the secret',
    ],
    ['a number as a template', { ...CLUSTER, node_name: 1 }, 'node_name: expected a text'],
    [
      'an address as a name',
      { ...CLUSTER, node_name: '{private_ipv4}' },
      'node_name: the cloud gi',
    ],
    ['an unknown field', { ...CLUSTER, node_name: '{instance_id}.{name}' }, 'node_name: {name} is'],
  ])('%s', (_, value, problem) => {
    expect(parseKubernetes(JSON.stringify(value))).toEqual({
      ok: false,
      refusal: [expect.stringContaining(problem)],
    })
  })

  it.each([
    ['text that is not JSON', '{', 'expected JSON'],
    ['a key twice', JSON.stringify(CLUSTER).replace('{', '{"roles":["a"],'), 'a key occurs twice'],
  ])('%s', (_, text, problem) => {
    expect(parseKubernetes(text)).toEqual({ ok: false, refusal: [problem] })
  })

  it('all problems at once, and shows no hash', () => {
    const secret = 'not-a-hash'
    const value = { audiences: [], roles: ['a'], node_name: 'x', webhook_token_sha256: [secret] }
    const parsed = parseKubernetes(JSON.stringify(value))
    if (parsed.ok) throw new Error('it was taken')
    expect(parsed.refusal.map((problem) => problem.split(':')[0])).toEqual([
      'audiences',
      'accounts',
      'webhook_token_sha256.0',
      'node_name',
    ])
    expect(parsed.refusal.join()).not.toContain(secret)
  })
})

const match = { owner_account_id: ['1609123456789012'] }
const POLICY = {
  roles: {
    worker: { match, token: { audience: ['https://cluster.test'] }, reenrollment: 'always' },
    builder: {
      match: { owner_account_id: ['2'] },
      token: { audience: ['https://builds.test'] },
      reenrollment: 'always',
    },
    node: {
      match,
      token: { audience: ['https://mesh.test'] },
      reenrollment: 'same_key',
      exchange: [
        { audience: 'urn:cluster', binding: 'none' },
        { audience: 'urn:bound', binding: 'dpop' },
      ],
    },
  },
}

describe('kubernetesProblems()', () => {
  const cluster = (change: object) => {
    const parsed = parseKubernetes(JSON.stringify({ ...CLUSTER, ...change }))
    if (!parsed.ok) throw new Error(parsed.refusal.join())
    return parsed.value
  }
  const problems = (change: object) => kubernetesProblems(cluster(change), parsePolicy(POLICY))

  it('finds none in audiences of an enrollment and of an exchange', () => {
    expect(problems({ roles: ['worker', 'node'] })).toEqual([])
  })

  it.each<readonly [what: string, change: object, problem: string]>([
    [
      'an audience of bound tokens',
      { audiences: ['https://mesh.test'], roles: ['node'] },
      'audiences.0: "https://mesh.test" has tokens that are bound to a key; give the cluster an',
    ],
    [
      'an audience of bound tokens by exchange',
      { audiences: ['https://cluster.test', 'urn:bound'] },
      'audiences.1: "urn:bound" has tokens that are bound to a key',
    ],
    [
      'an audience of nobody',
      { audiences: ['https://Cluster.test'] },
      'audiences.0: "https://Cluster.test" is no audience of these roles',
    ],
    [
      'an audience of another role',
      { audiences: ['https://builds.test'] },
      'audiences.0: "https://builds.test" is no audience of these roles',
    ],
    [
      'an unknown role',
      { audiences: ['https://cluster.test'], roles: ['worker', 'wroker'] },
      'roles.1: "wroker" is no role of the policy',
    ],
    [
      'an account of another role',
      { audiences: ['https://cluster.test'], accounts: ['1609123456789012', '2'] },
      'accounts.1: "2" is no account of these roles',
    ],
  ])('finds %s', (_, change, problem) => {
    expect(problems(change)).toEqual([expect.stringContaining(problem)])
  })

  it('is asked when the service starts, and tells every problem behind the name of the variable', async () => {
    const variables = {
      ROLLCALL_POLICY: JSON.stringify(POLICY),
      ROLLCALL_KUBERNETES: JSON.stringify({ ...CLUSTER, roles: ['worker', 'x'] }),
    }
    await expect(createTestService({ variables })).rejects.toMatchObject({
      problems: [
        'ROLLCALL_KUBERNETES: audiences.1: "urn:cluster" is no audience of these roles',
        'ROLLCALL_KUBERNETES: roles.1: "x" is no role of the policy',
      ],
    })
  })
})
