// The admission policy for certificates: valid by the published types, and what its expressions decide, by two CEL
// libraries that share no code. No API server evaluates it here.

import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from 'kubernetes-types/admissionregistration/v1'
import { describe, expect, it } from 'vitest'
import { nodeExtraKeys } from '../../../src/admit/kubernetes/node-user.ts'
import {
  type CertificateRequest,
  certificatePolicyManifests,
  decideByCertificatePolicy,
} from '../../support/kubernetes/certificate-policy.ts'
import { type Manifest, manifestProblems } from '../../support/kubernetes-types.ts'

const manifests = certificatePolicyManifests()
const [policy, binding] = manifests as unknown as [
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
]

const CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'
const NODE = 'system:node:cn-hangzhou.i-bp1abcdefghijklmnopq'
const { role, addresses } = nodeExtraKeys('https://rollcall.example')
const BY_TOKEN = { [role]: ['node'], [addresses]: ['10.2.0.7'] }
/** What the API server adds for a client certificate. */
const BY_CERTIFICATE = { 'authentication.kubernetes.io/credential-id': ['X509SHA256=ab'] }

type Request = Omit<CertificateRequest, 'signerName'> & Partial<CertificateRequest>

describe('the certificate policy', () => {
  it('is valid by the published types of the API, and would not be with a misspelt field', () => {
    expect(manifests.map(({ kind }) => kind)).toEqual([
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ])
    // The types lack `resources` of a rule, which the API requires; the next test looks at it.
    const [typed, ...more] = JSON.parse(
      JSON.stringify(manifests).replace(/,"resources":\["certificatesigningrequests"\]/, ''),
    ) as [Manifest, ...Manifest[]]
    const changed = JSON.parse(
      JSON.stringify(typed).replace('matchConditions', 'matchCondition'),
    ) as Manifest
    const [first, second, third] = manifestProblems([typed, ...more, changed])
    expect([first, second]).toEqual([[], []])
    expect(third).not.toEqual([])
  })

  it('applies to each creation of a CSR, denies, and fails closed', () => {
    expect(binding.spec).toEqual({
      policyName: policy.metadata?.name,
      validationActions: ['Deny'],
    })
    expect(policy.spec?.failurePolicy).toBe('Fail')
    expect(policy.spec?.matchConstraints?.resourceRules).toEqual([
      {
        apiGroups: ['certificates.k8s.io'],
        apiVersions: ['v1'],
        operations: ['CREATE'],
        resources: ['certificatesigningrequests'],
      },
    ])
  })

  it('has conditions and a validation, and names the host of rollcall in it', () => {
    expect(policy.spec?.matchConditions).toHaveLength(2)
    expect(policy.spec?.validations).toHaveLength(1)
    const request = { username: NODE, signerName: CLIENT, extra: BY_TOKEN }
    expect(decideByCertificatePolicy(request, 'other.example')).toBe(false)
  })

  it('answers with Forbidden, after which a kubelet whose certificate has expired exits', () => {
    expect(policy.spec?.validations?.map(({ reason }) => reason)).toEqual(['Forbidden'])
  })

  it.each<[string, Request, boolean | undefined]>([
    ['allows a node that shows a token', { username: NODE, extra: BY_TOKEN }, true],
    ['denies a node that shows its certificate', { username: NODE, extra: BY_CERTIFICATE }, false],
    ['denies a node about which nothing more is known', { username: NODE }, false],
    ['denies a node with no extra values', { username: NODE, extra: {} }, false],
    [
      'denies a node with the token of another rollcall',
      { username: NODE, extra: { 'other.example/role': ['node'] } },
      false,
    ],
    [
      'leaves serving certificates alone',
      { username: NODE, signerName: 'kubernetes.io/kubelet-serving', extra: BY_CERTIFICATE },
      undefined,
    ],
    [
      'leaves control plane machines alone',
      { username: 'system:node:control-plane-1', extra: BY_CERTIFICATE },
      undefined,
    ],
    ['leaves administrators alone', { username: 'kubernetes-admin' }, undefined],
    [
      'leaves a user alone whose name only contains the name of a node',
      { username: `x${NODE}` },
      undefined,
    ],
  ])('%s', (_, request, expected) => {
    expect(decideByCertificatePolicy({ signerName: CLIENT, ...request })).toBe(expected)
  })
})
