// A Kubernetes cluster that instances join as nodes: the file of `rollcall kubernetes config`.

import { DEFAULT_NODE_NAME_TEMPLATE, parseNodeName } from '../../../policy/node-name.ts'
import { usageError } from '../../command-error.ts'
import { authenticationConfiguration } from '../../kubernetes/authentication-configuration.ts'
import { checkIssuer } from '../../kubernetes/config-options.ts'
import { type Recipe, type RecipeValues, defineRecipe } from '../form.ts'
import { sh } from '../quote.ts'

const FILE = '/etc/kubernetes/rollcall/authentication.yaml'

const configuration = ({
  issuer,
  audience,
  roles,
  accounts,
  node,
}: RecipeValues<'node'>): string => {
  if (accounts.length === 0) throw usageError('--account is missing: whose instances become nodes?')
  const template = parseNodeName(node)
  if (!template.ok) throw usageError(`--node: ${template.refusal}`)
  return authenticationConfiguration({
    issuer: checkIssuer(issuer),
    audience,
    roles,
    accounts,
    node: template.value,
    apiVersion: 'v1',
    anonymousPaths: [],
  })
}

/** Kubernetes by AuthenticationConfiguration. */
export const kubernetes: Recipe = defineRecipe({
  name: 'kubernetes',
  title: 'Kubernetes with AuthenticationConfiguration',
  ran: {
    notRun:
      'kubernetes.io, AuthenticationConfiguration v1 (Kubernetes 1.34); two CEL libraries evaluate its rules in the tests',
  },
  ban: 'gets in until its token expires; a kubelet renews its certificate, unless a policy forbids it',
  conditions: ['accounts'],
  severalRoles: true,
  options: { node: DEFAULT_NODE_NAME_TEMPLATE },
  page: 'use/kubernetes.md',
  files: (values) => [{ path: FILE, language: 'yaml', text: configuration(values) }],
  steps: ({ issuer, audience, roles: [role = ''], accounts: [account = ''] }) => [
    `start kube-apiserver with --authentication-config=${FILE}, and without the flags --oidc-*`,
    'prepare the control plane machines for short certificates: docs/use/kubernetes-bans.md',
    'set --cluster-signing-duration of kube-controller-manager to 24h',
    'apply the certificate policy of docs/use/kubernetes-bans.md: without it, a ban never ends a certificate',
    `for more options: rollcall kubernetes config ${issuer} --audience ${sh(audience)} --role ${role} --account ${account}`,
  ],
})
