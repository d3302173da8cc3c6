// The admission policy for certificates: valid by the published types, and what its expressions decide, by two CEL
// libraries that share no code. No API server evaluates it here.

import { type CelInput, celEnv, parse as parseCel, plan } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import { evaluate as evaluateCel } from '@marcbachmann/cel-js'
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from 'kubernetes-types/admissionregistration/v1'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { nodeExtraKeys } from '../../../src/admit/kubernetes/node-user.ts'
import { nodeFile } from '../../support/kubernetes/node-files.ts'
import { type Manifest, manifestProblems } from '../../support/kubernetes-types.ts'

const manifests = parseAllDocuments(nodeFile('certificate-policy.yaml')).map(
  (document) => document.toJS() as Manifest,
)
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

interface Request {
  readonly username: string
  readonly signerName?: string
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** JSON as the second library takes it: objects are maps. */
const toCel = (value: unknown): CelInput => {
  if (Array.isArray(value)) return value.map(toCel)
  if (typeof value !== 'object' || value === null) return value as CelInput
  return new Map(Object.entries(value).map(([name, it]) => [name, toCel(it)]))
}

/** The value of an expression. @throws Error if the libraries differ */
const valueOf = (expression: string, variables: Readonly<Record<string, unknown>>): unknown => {
  const first: unknown = evaluateCel(expression, variables)
  const second = plan(
    celEnv({ funcs: strings }),
    parseCel(expression),
  )(Object.fromEntries(Object.entries(variables).map(([name, it]) => [name, toCel(it)])) as never)
  expect(second, expression).toBe(first)
  return first
}

/** What the policy says of the creation of a CSR: `undefined` if it does not apply. */
const decide = ({ username, signerName = CLIENT, extra }: Request): boolean | undefined => {
  const userInfo = { username, groups: ['system:nodes'], ...(extra && { extra }) }
  const variables = { object: { spec: { signerName } }, request: { userInfo } }
  const { matchConditions = [], validations = [] } = policy.spec ?? {}
  expect([matchConditions.length, validations.length]).toEqual([2, 1])
  if (!matchConditions.every(({ expression }) => valueOf(expression, variables) === true)) {
    return undefined
  }
  return validations.every(({ expression }) => valueOf(expression, variables) === true)
}

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
    expect(decide(request)).toBe(expected)
  })
})
