// What the check says of admission policies: whether a certificate can be renewed without a token.

import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import {
  readAdmissionPolicy,
  readAdmissionPolicyBinding,
} from '../../../../src/cli/kubernetes/check-objects.ts'
import { renewalFinding } from '../../../../src/cli/kubernetes/check-renewal.ts'
import { readProjectFile } from '../../../support/sources.ts'

const FILE = readProjectFile('functions/kubernetes/certificate-policy.yaml')

/** The finding about the file of the project, perhaps with changes. */
const stateOf = (change: (text: string) => string = (text) => text): string => {
  const changed = change(FILE)
  const [policy, binding] = parseAllDocuments(changed).map((it) => it.toJS() as unknown)
  return renewalFinding([readAdmissionPolicy(policy)], [readAdmissionPolicyBinding(binding)]).state
}

const replacing =
  (text: string, by: string) =>
  (file: string): string => {
    expect(file).toContain(text)
    return file.replace(text, by)
  }

describe('renewalFinding()', () => {
  it('finds the certificate policy of the project', () => {
    expect(stateOf()).toBe('ok')
  })

  it('is bad without a policy, and without its binding', () => {
    const [policy] = parseAllDocuments(FILE).map((it) => it.toJS() as unknown)
    expect(renewalFinding([], [])).toEqual({
      state: 'bad',
      name: 'renewal',
      detail: 'a kubelet renews its certificate by the certificate, so a ban never ends it',
      remedy: 'apply the certificate policy of the page on bans and certificates',
    })
    expect(renewalFinding([readAdmissionPolicy(policy)], []).state).toBe('bad')
  })

  it.each<[string, (text: string) => string]>([
    [
      'that lets requests pass if it fails',
      replacing('failurePolicy: Fail', 'failurePolicy: Ignore'),
    ],
    ['of other objects', replacing('resources: [certificatesigningrequests]', 'resources: [pods]')],
    ['of another group', replacing('apiGroups: [certificates.k8s.io]', 'apiGroups: [apps]')],
    ['of other operations', replacing('operations: [CREATE]', 'operations: [DELETE]')],
    [
      'that does not look at the user',
      replacing(
        'has(request.userInfo.extra) && "rollcall.example/role" in request.userInfo.extra',
        'request.userInfo.username != ""',
      ),
    ],
    ['that only warns', replacing('validationActions: [Deny]', 'validationActions: [Warn]')],
    [
      'that another binding names',
      replacing('policyName: rollcall-node-certificates', 'policyName: a'),
    ],
    [
      'whose binding is for some requests only',
      replacing('  validationActions', '  matchResources: {}\n  validationActions'),
    ],
  ])('does not count a policy %s', (_, change) => {
    expect(stateOf(change)).toBe('bad')
  })

  it('counts wildcards, and the default of failurePolicy', () => {
    expect(stateOf(replacing('apiGroups: [certificates.k8s.io]', "apiGroups: ['*']"))).toBe('ok')
    expect(stateOf(replacing('operations: [CREATE]', "operations: ['*']"))).toBe('ok')
    expect(stateOf(replacing('  failurePolicy: Fail\n', ''))).toBe('ok')
  })

  it.each([
    [undefined, []],
    [[], undefined],
  ])('is unknown if %j and %j can be seen', (policies, bindings) => {
    expect(renewalFinding(policies, bindings).state).toBe('unknown')
  })

  it.each([null, 3, {}, { spec: 'x' }, { spec: { validations: {}, matchConstraints: [] } }])(
    'reads %j as an object that says nothing',
    (object) => {
      const policy = readAdmissionPolicy(object)
      expect(policy).toEqual({ name: '', fails: 'Fail', rules: [], expressions: [] })
      const binding = readAdmissionPolicyBinding(object)
      expect(binding).toEqual({ policy: '', actions: [], isLimited: false })
      expect(renewalFinding([policy], [binding]).state).toBe('bad')
    },
  )
})
