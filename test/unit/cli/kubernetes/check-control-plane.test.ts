// What the check says of the flags of a control plane, and of the version of a server.

import { describe, expect, it } from 'vitest'
import {
  controlPlaneFindings,
  versionFinding,
} from '../../../../src/cli/kubernetes/check-control-plane.ts'
import type { Finding, Mode } from '../../../../src/cli/kubernetes/check-findings.ts'
import { readControlPlanePod } from '../../../../src/cli/kubernetes/check-objects.ts'

const pod = (component: string, words: readonly string[], name = `${component}-master`) => ({
  metadata: { name, namespace: 'kube-system', labels: { component, tier: 'control-plane' } },
  spec: { containers: [{ name: component, command: words }] },
})

/** The flags of kubeadm that count, with what the check asks for. */
const GOOD = [
  'kube-apiserver',
  '--authorization-mode=Node,RBAC',
  '--enable-admission-plugins=NodeRestriction',
  '--authentication-config=/etc/kubernetes/rollcall.yaml',
  '--anonymous-auth=false',
]
const MANAGER = ['kube-controller-manager', '--cluster-signing-duration=24h0m0s']

const find = (pods: readonly object[], mode: Mode = 'b'): readonly Finding[] =>
  controlPlaneFindings(mode, pods.map(readControlPlanePod))

const without = (flag: string): readonly string[] =>
  GOOD.filter((word) => !word.startsWith(`--${flag}`))

describe('controlPlaneFindings()', () => {
  it('finds a good control plane ok', () => {
    const found = find([pod('kube-apiserver', GOOD), pod('kube-controller-manager', MANAGER)])
    expect(found.map(({ name, state }) => [name, state])).toEqual([
      ['authentication config', 'ok'],
      ['Node authorizer', 'ok'],
      ['NodeRestriction', 'ok'],
      ['anonymous access', 'ok'],
      ['signing duration', 'ok'],
    ])
    expect(found.filter(({ remedy }) => remedy !== undefined)).toEqual([])
  })

  it('does not ask for the life of certificates in mode a', () => {
    const names = find([pod('kube-apiserver', GOOD)], 'a').map(({ name }) => name)
    expect(names).not.toContain('signing duration')
  })

  it.each<[string, readonly string[], string, string, string]>([
    ['no file', without('authentication-config'), 'authentication config', 'bad', 'is not set'],
    [
      'the flags of one issuer',
      [...without('authentication-config'), '--oidc-issuer-url=https://a.example'],
      'authentication config',
      'bad',
      '--oidc-issuer-url is set',
    ],
    [
      'a flag and its value in two words',
      [...without('authentication-config'), '--authentication-config', '/a.yaml'],
      'authentication config',
      'ok',
      '/a.yaml',
    ],
    [
      'no mode',
      without('authorization-mode'),
      'Node authorizer',
      'bad',
      'AlwaysAllow, the default',
    ],
    [
      'RBAC alone',
      [...without('authorization-mode'), '--authorization-mode=RBAC'],
      'Node authorizer',
      'bad',
      'is RBAC',
    ],
    [
      'AlwaysAllow too',
      [...without('authorization-mode'), '--authorization-mode=Node,AlwaysAllow'],
      'Node authorizer',
      'bad',
      'Node,AlwaysAllow',
    ],
    [
      'the last of two flags',
      [...GOOD, '--authorization-mode=AlwaysAllow'],
      'Node authorizer',
      'bad',
      'AlwaysAllow',
    ],
    [
      'a file of authorizers',
      [...without('authorization-mode'), '--authorization-config=/a.yaml'],
      'Node authorizer',
      'unknown',
      'cannot read',
    ],
    ['no plug-in', without('enable-admission-plugins'), 'NodeRestriction', 'bad', 'is off'],
    [
      'a plug-in of a similar name',
      [...without('enable-admission-plugins'), '--enable-admission-plugins=NodeRestrictionX'],
      'NodeRestriction',
      'bad',
      'is off',
    ],
    [
      'the plug-in among others',
      [...without('enable-admission-plugins'), '--enable-admission-plugins=A,NodeRestriction,B'],
      'NodeRestriction',
      'ok',
      'is on',
    ],
    [
      'the plug-in switched off',
      [...GOOD, '--disable-admission-plugins=NodeRestriction'],
      'NodeRestriction',
      'bad',
      'is off',
    ],
    ['no word on anonymous', without('anonymous-auth'), 'anonymous access', 'unknown', 'may limit'],
    [
      'no word on anonymous, and no file',
      GOOD.filter((word) => !/anonymous|authentication/.test(word)),
      'anonymous access',
      'bad',
      'true, the default',
    ],
    [
      'anonymous on',
      [...without('anonymous-auth'), '--anonymous-auth=true'],
      'anonymous access',
      'bad',
      'is true',
    ],
    [
      'anonymous on, by a switch',
      [...without('anonymous-auth'), '--anonymous-auth', '--v=2'],
      'anonymous access',
      'bad',
      'is true',
    ],
  ])('for kube-apiserver with %s', (_, words, name, state, detail) => {
    const finding = find([pod('kube-apiserver', words)]).find((it) => it.name === name)
    expect(finding).toMatchObject({ state, detail: expect.stringContaining(detail) as string })
    if (state === 'bad') expect(finding?.remedy).toMatch(/\S/)
  })

  it.each([
    [['--cluster-signing-duration=24h'], 'ok'],
    [['--cluster-signing-duration=24h0m1s'], 'bad'],
    [['--cluster-signing-duration=86400s'], 'ok'],
    [['--cluster-signing-duration=1440m'], 'ok'],
    [['--cluster-signing-duration=1441m'], 'bad'],
    [['--cluster-signing-duration=1.5h'], 'ok'],
    [['--cluster-signing-duration=23h59m59.9s'], 'ok'],
    [['--cluster-signing-duration=90000000ms'], 'bad'],
    [['--cluster-signing-duration=168h'], 'bad'],
    [['--cluster-signing-duration', '8760h'], 'bad'],
    [['--cluster-signing-duration=1d'], 'unknown'],
    [['--cluster-signing-duration='], 'unknown'],
    [[], 'bad'],
  ])('for kube-controller-manager with %j: %s', (words, state) => {
    const found = find([pod('kube-controller-manager', words)])
    expect(found.find(({ name }) => name === 'signing duration')).toMatchObject({ state })
  })

  it('says of each flag that it is not visible', () => {
    for (const pods of [undefined, [], [pod('etcd', [])].map(readControlPlanePod)]) {
      const found = controlPlaneFindings('b', pods)
      expect(found.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'unknown'))
      expect(found[0]?.detail).toBe('the pods of kube-apiserver cannot be seen')
      expect(found[4]?.detail).toBe('the pods of kube-controller-manager cannot be seen')
    }
  })

  it('looks at each copy, and names the copies where they differ', () => {
    const found = find([
      pod('kube-apiserver', GOOD, 'kube-apiserver-1'),
      pod('kube-apiserver', without('enable-admission-plugins'), 'kube-apiserver-2'),
    ])
    expect(
      found.filter(({ name }) => name === 'NodeRestriction').map(({ detail }) => detail),
    ).toEqual([
      'kube-apiserver-1: the plug-in is on',
      'kube-apiserver-2: the plug-in is off, so a node can change other nodes',
    ])
    expect(found.filter(({ name }) => name === 'Node authorizer')).toHaveLength(1)
  })

  it('reads the arguments of a container too', () => {
    const object = { ...pod('kube-apiserver', []), spec: { containers: [{ args: GOOD.slice(1) }] } }
    expect(
      find([object])
        .slice(0, 4)
        .map(({ state }) => state),
    ).toEqual(['ok', 'ok', 'ok', 'ok'])
  })
})

describe('versionFinding()', () => {
  it.each([
    ['v1.30.0', 'ok'],
    ['v1.35.2', 'ok'],
    ['v1.100.0', 'ok'],
    ['v2.0.0', 'ok'],
    ['v1.31.1-aliyun.1', 'ok'],
    ['v1.29.14', 'bad'],
    ['v1.3.0', 'bad'],
    ['v0.99.0', 'bad'],
    ['', 'unknown'],
    ['unknown', 'unknown'],
  ])('says of %j: %s', (version, state) => {
    expect(versionFinding(version)).toMatchObject({ name: 'server version', state })
  })
})
