// Which bindings of a cluster the check calls bad, in each mode: a table of roles, bindings and subjects.

import { describe, expect, it } from 'vitest'
import { bindingFindings } from '../../../../src/cli/kubernetes/check-bindings.ts'
import type { Mode } from '../../../../src/cli/kubernetes/check-findings.ts'
import {
  readClusterRole,
  readClusterRoleBinding,
} from '../../../../src/cli/kubernetes/check-objects.ts'

interface Rule {
  readonly verbs?: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
}

const rule = (change: Rule = {}): Rule => ({
  verbs: ['create'],
  apiGroups: ['certificates.k8s.io'],
  resources: ['certificatesigningrequests/nodeclient'],
  ...change,
})

const role = (name: string, rules: readonly Rule[], more: object = {}) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  rules,
  ...more,
})

const group = (name: string) => ({ kind: 'Group', name, apiGroup: 'rbac.authorization.k8s.io' })
const user = (name: string) => ({ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' })
const serviceAccount = (name: string) => ({
  kind: 'ServiceAccount',
  name,
  namespace: 'kube-system',
})

const binding = (name: string, to: string, ...subjects: readonly object[]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: to },
  subjects,
})

const NODE_CLIENT = 'system:certificates.k8s.io:certificatesigningrequests:nodeclient'
const SELF = 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient'

/** What kubeadm makes, without the part for bootstrap tokens. */
const ROLES = [
  role('cluster-admin', [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]),
  role('system:node-bootstrapper', [
    rule({ verbs: ['create', 'get'], resources: ['certificatesigningrequests'] }),
  ]),
  role(NODE_CLIENT, [rule()]),
  role(SELF, [rule({ resources: ['certificatesigningrequests/selfnodeclient'] })]),
]
const SELF_BINDING = binding(
  'kubeadm:node-autoapprove-certificate-rotation',
  SELF,
  group('system:nodes'),
)
const BINDINGS = [
  binding('cluster-admin', 'cluster-admin', group('system:masters')),
  binding('kubeadm:cluster-admins', 'cluster-admin', group('kubeadm:cluster-admins')),
  binding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', group('system:bootstrappers')),
  SELF_BINDING,
]

const find = (mode: Mode, roles: readonly object[] = [], bindings: readonly object[] = []) =>
  bindingFindings(
    mode,
    [...ROLES, ...roles].map(readClusterRole),
    [...BINDINGS, ...bindings].map(readClusterRoleBinding),
  )

const statesOf = (
  name: string,
  mode: Mode,
  roles: readonly object[],
  bindings: readonly object[],
) =>
  find(mode, roles, bindings)
    .filter((finding) => finding.name === name)
    .map(({ state }) => state)
    .join(' ')

describe('nodeclient', () => {
  it('is ok where only administrators have it', () => {
    expect(find('b')).toEqual([
      { state: 'ok', name: 'nodeclient', detail: 'no node gets a certificate for another node' },
      {
        state: 'ok',
        name: 'selfnodeclient',
        detail: 'nodes get certificates for their own names',
      },
    ])
  })

  it.each<[string, readonly object[], readonly object[], string]>([
    ['nodes', [], [binding('x', NODE_CLIENT, group('system:nodes'))], 'bad'],
    ['every user', [], [binding('x', NODE_CLIENT, group('system:authenticated'))], 'bad'],
    [
      'callers without credentials',
      [],
      [binding('x', NODE_CLIENT, group('system:unauthenticated'))],
      'bad',
    ],
    [
      'the bootstrap group of kubeadm',
      [],
      [
        binding(
          'kubeadm:node-autoapprove-bootstrap',
          NODE_CLIENT,
          group('system:bootstrappers:kubeadm:default-node-token'),
        ),
      ],
      'bad',
    ],
    [
      'every bootstrap token',
      [],
      [binding('x', NODE_CLIENT, group('system:bootstrappers'))],
      'bad',
    ],
    ['a bootstrap token', [], [binding('x', NODE_CLIENT, user('system:bootstrap:abcdef'))], 'bad'],
    [
      'a group of ours',
      [],
      [binding('x', NODE_CLIENT, group('system:bootstrappers:rollcall'))],
      'bad',
    ],
    ['one node', [], [binding('x', NODE_CLIENT, user('system:node:cn-hangzhou.i-a'))], 'bad'],
    ['the anonymous user', [], [binding('x', NODE_CLIENT, user('system:anonymous'))], 'bad'],
    ['every pod', [], [binding('x', NODE_CLIENT, group('system:serviceaccounts'))], 'bad'],
    [
      'pods of a namespace',
      [],
      [binding('x', NODE_CLIENT, group('system:serviceaccounts:a'))],
      'bad',
    ],
    ['a service account', [], [binding('x', NODE_CLIENT, serviceAccount('approver'))], 'unknown'],
    ['a group of people', [], [binding('x', NODE_CLIENT, group('ops'))], 'unknown'],
    ['a user like a group', [], [binding('x', NODE_CLIENT, user('system:nodes'))], 'unknown'],
    ['a group like a user', [], [binding('x', NODE_CLIENT, group('system:anonymous'))], 'unknown'],
    [
      'a group that begins like the bootstrap group',
      [],
      [binding('x', NODE_CLIENT, group('system:bootstrappersx'))],
      'unknown',
    ],
    [
      'two of three subjects',
      [],
      [binding('x', NODE_CLIENT, group('ops'), group('system:nodes'), user('system:node:a'))],
      'unknown bad bad',
    ],
    ['nobody', [], [binding('x', NODE_CLIENT)], 'ok'],
    ['nodes, by a role that is missing', [], [binding('x', 'gone', group('system:nodes'))], 'ok'],
    [
      'nodes, by a wildcard of verbs',
      [role('r', [rule({ verbs: ['*'] })])],
      [binding('x', 'r', group('system:nodes'))],
      'bad',
    ],
    [
      'nodes, by a wildcard of groups',
      [role('r', [rule({ apiGroups: ['*'] })])],
      [binding('x', 'r', group('system:nodes'))],
      'bad',
    ],
    [
      'nodes, by a wildcard of resources',
      [role('r', [rule({ resources: ['*'] })])],
      [binding('x', 'r', group('system:nodes'))],
      'bad',
    ],
    [
      'nodes, by the subresource of any resource',
      [role('r', [rule({ resources: ['*/nodeclient'] })])],
      [binding('x', 'r', group('system:nodes'))],
      'bad',
    ],
    ['nodes, as administrators', [], [binding('x', 'cluster-admin', group('system:nodes'))], 'bad'],
    [
      'nodes, by the second rule of a role',
      [role('r', [rule({ resources: ['pods'] }), rule()])],
      [binding('x', 'r', group('system:nodes'))],
      'bad',
    ],
    [
      'nodes, but for objects of a name',
      [role('r', [rule({ resourceNames: ['a'] })])],
      [binding('x', 'r', group('system:nodes'))],
      'ok',
    ],
    [
      'nodes, but to read',
      [role('r', [rule({ verbs: ['get', 'list'] })])],
      [binding('x', 'r', group('system:nodes'))],
      'ok',
    ],
    [
      'nodes, but of another group',
      [role('r', [rule({ apiGroups: [''] })])],
      [binding('x', 'r', group('system:nodes'))],
      'ok',
    ],
    [
      'nodes, but the resource alone',
      [role('r', [rule({ resources: ['certificatesigningrequests'] })])],
      [binding('x', 'r', group('system:nodes'))],
      'ok',
    ],
    [
      'nodes, by a pattern that RBAC does not know',
      [role('r', [rule({ resources: ['certificatesigningrequests/*'] })])],
      [binding('x', 'r', group('system:nodes'))],
      'ok',
    ],
    [
      'nodes, half in each of two rules',
      [role('r', [rule({ verbs: ['get'] }), rule({ resources: ['pods'] })])],
      [binding('x', 'r', group('system:nodes'))],
      'ok',
    ],
    [
      'nodes, by an aggregated role',
      [
        role('part', [rule()], { metadata: { name: 'part', labels: { to: 'whole' } } }),
        role('whole', [], {
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'whole' } }] },
        }),
      ],
      [binding('x', 'whole', group('system:nodes'))],
      'bad',
    ],
    [
      'nodes, by a role that is aggregated by expressions',
      [
        role('part', [rule()], { metadata: { name: 'part', labels: { to: 'whole' } } }),
        role('whole', [], {
          aggregationRule: {
            clusterRoleSelectors: [
              { matchExpressions: [{ key: 'to', operator: 'In', values: ['whole'] }] },
            ],
          },
        }),
      ],
      [binding('x', 'whole', group('system:nodes'))],
      'bad',
    ],
    [
      'nodes, by a role that does not aggregate it',
      [
        role('part', [rule()], { metadata: { name: 'part', labels: { to: 'whole' } } }),
        role('whole', [], {
          aggregationRule: {
            clusterRoleSelectors: [
              { matchLabels: { to: 'other' } },
              {
                matchLabels: { to: 'whole' },
                matchExpressions: [{ key: 'to', operator: 'DoesNotExist' }],
              },
              {
                matchExpressions: [
                  { key: 'to', operator: 'Exists' },
                  { key: 'to', operator: 'NotIn', values: ['whole'] },
                ],
              },
            ],
          },
        }),
      ],
      [binding('x', 'whole', group('system:nodes'))],
      'ok',
    ],
    [
      'nodes, by roles that aggregate each other',
      [
        role('p', [rule()], {
          metadata: { name: 'p', labels: { to: 'q' } },
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'p' } }] },
        }),
        role('q', [], {
          metadata: { name: 'q', labels: { to: 'p' } },
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'q' } }] },
        }),
      ],
      [binding('x', 'q', group('system:nodes'))],
      'bad',
    ],
  ])('for %s', (_, roles, bindings, states) => {
    expect(statesOf('nodeclient', 'b', roles, bindings)).toBe(states)
    // The mode does not matter: no node may have the name of another.
    expect(statesOf('nodeclient', 'a', roles, bindings)).toBe(states)
  })

  it('says which binding, which subject and what to do', () => {
    const bindings = [
      binding('kubeadm:node-autoapprove-bootstrap', NODE_CLIENT, group('system:bootstrappers:a')),
      binding('mine', NODE_CLIENT, group('system:nodes')),
      binding('other', NODE_CLIENT, serviceAccount('approver')),
    ]
    expect(find('b', [], bindings).map(({ detail, remedy }) => [detail, remedy])).toEqual([
      [
        'ClusterRoleBinding kubeadm:node-autoapprove-bootstrap gives it to Group system:bootstrappers:a',
        'with it a bootstrap token gets a certificate for any node; remove it once all nodes join by rollcall',
      ],
      [
        'ClusterRoleBinding mine gives it to Group system:nodes',
        'with it a node gets a certificate for any other node; remove it',
      ],
      [
        'ClusterRoleBinding other gives it to ServiceAccount kube-system/approver',
        'check that no node and no workload is this subject',
      ],
      ['nodes get certificates for their own names', undefined],
    ])
  })
})

describe('selfnodeclient', () => {
  it.each<[string, Mode, readonly object[], string]>([
    ['nodes', 'b', [SELF_BINDING], 'ok'],
    ['nodes', 'a', [SELF_BINDING], 'bad'],
    ['every user', 'b', [binding('x', SELF, group('system:authenticated'))], 'ok'],
    ['every user', 'a', [binding('x', SELF, group('system:authenticated'))], 'bad'],
    ['two bindings', 'a', [SELF_BINDING, binding('x', SELF, group('system:nodes'))], 'bad bad'],
    ['nobody', 'b', [], 'bad'],
    ['nobody', 'a', [], 'ok'],
    ['another group', 'b', [binding('x', SELF, group('ops'))], 'bad'],
    ['another group', 'a', [binding('x', SELF, group('ops'))], 'ok'],
    [
      'nodes, who have everything',
      'a',
      [binding('x', 'cluster-admin', group('system:nodes'))],
      'bad',
    ],
  ])('for %s, in mode %s', (_, mode, bindings, states) => {
    const found = bindingFindings(
      mode,
      ROLES.map(readClusterRole),
      bindings.map(readClusterRoleBinding),
    )
    expect(
      found
        .filter(({ name }) => name === 'selfnodeclient')
        .map(({ state }) => state)
        .join(' '),
    ).toBe(states)
  })

  it('says what is missing, or what a stolen token could do', () => {
    const [, missing] = bindingFindings('b', ROLES.map(readClusterRole), [])
    expect(missing?.remedy).toBe(`bind the ClusterRole ${SELF} to it`)
    const [, forbidden] = find('a')
    expect(forbidden).toMatchObject({
      detail: `ClusterRoleBinding ${SELF_BINDING.metadata.name} gives it to Group system:nodes`,
      remedy: 'with it a stolen token becomes a certificate, which outlives a ban; remove it',
    })
  })
})

describe('objects that are not as expected', () => {
  it('grant nothing', () => {
    const odd = [null, 1, 'x', [], {}, { metadata: null, rules: 'x', subjects: {} }]
    const found = bindingFindings('a', odd.map(readClusterRole), odd.map(readClusterRoleBinding))
    expect(found.map(({ state }) => state)).toEqual(['ok', 'ok'])
  })
})
