// What a cluster's bindings let nodes do: `nodeclient` makes a certificate for any node's name, so no node may have
// it; `selfnodeclient` makes one for the node's own name, which mode B needs and mode A forbids. Pure.

import type { ClusterRole, ClusterRoleBinding, Subject } from './check-objects.ts'
import type { Finding, Mode } from './check-findings.ts'
import { type Grant, grantsOf } from './check-grants.ts'

/** The groups of a node's user. */
const NODES = 'system:nodes'
const AUTHENTICATED = 'system:authenticated'

/** The groups in which anyone but an administrator is, or could come with little effort. */
const isOpenGroup = (name: string): boolean =>
  [NODES, AUTHENTICATED, 'system:unauthenticated', 'system:serviceaccounts'].includes(name) ||
  name.startsWith('system:serviceaccounts:') ||
  /^system:bootstrappers(?::|$)/.test(name)

const isOpenUser = (name: string): boolean =>
  name === 'system:anonymous' || /^system:(?:node|bootstrap):/.test(name)

const isOpen = ({ kind, name }: Subject): boolean =>
  (kind === 'Group' && isOpenGroup(name)) || (kind === 'User' && isOpenUser(name))

const isOfNodes = ({ kind, name }: Subject): boolean =>
  kind === 'Group' && (name === NODES || name === AUTHENTICATED)

const show = ({ subject: { kind, name, namespace }, binding }: Grant): string =>
  `ClusterRoleBinding ${binding} gives it to ${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`

const anyName = (
  roles: readonly ClusterRole[],
  bindings: readonly ClusterRoleBinding[],
): Finding[] => {
  const grants = grantsOf('nodeclient', roles, bindings)
  const found = grants.flatMap((grant): Finding[] => {
    const { subject, isAdministrator } = grant
    if (isOpen(subject)) {
      const isToken = subject.name.startsWith('system:bootstrap')
      return [
        {
          state: 'bad',
          name: 'nodeclient',
          detail: show(grant),
          remedy: isToken
            ? 'with it a bootstrap token gets a certificate for any node; remove it once all nodes join by rollcall'
            : 'with it a node gets a certificate for any other node; remove it',
        },
      ]
    }
    return isAdministrator
      ? []
      : [
          {
            state: 'unknown',
            name: 'nodeclient',
            detail: show(grant),
            remedy: 'check that no node and no workload is this subject',
          },
        ]
  })
  return found.length > 0
    ? found
    : [{ state: 'ok', name: 'nodeclient', detail: 'no node gets a certificate for another node' }]
}

const ownName = (
  mode: Mode,
  roles: readonly ClusterRole[],
  bindings: readonly ClusterRoleBinding[],
): Finding[] => {
  const name = 'selfnodeclient'
  const grants = grantsOf(name, roles, bindings).filter(({ subject }) => isOfNodes(subject))
  if (mode === 'b') {
    return grants.length > 0
      ? [{ state: 'ok', name, detail: 'nodes get certificates for their own names' }]
      : [
          {
            state: 'bad',
            name,
            detail: `no binding gives it to ${NODES}, so no certificate is approved`,
            remedy:
              'bind the ClusterRole system:certificates.k8s.io:certificatesigningrequests:selfnodeclient to it',
          },
        ]
  }
  return grants.length === 0
    ? [{ state: 'ok', name, detail: 'nodes get no certificates, only tokens' }]
    : grants.map((grant) => ({
        state: 'bad',
        name,
        detail: show(grant),
        remedy: 'with it a stolen token becomes a certificate, which outlives a ban; remove it',
      }))
}

/** What the bindings of a cluster mean for nodes: at least one finding for each of the two subresources. */
export const bindingFindings = (
  mode: Mode,
  roles: readonly ClusterRole[],
  bindings: readonly ClusterRoleBinding[],
): readonly Finding[] => [...anyName(roles, bindings), ...ownName(mode, roles, bindings)]
