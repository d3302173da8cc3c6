// `rollcall kubernetes config --check`: looks at a cluster, and says what keeps nodes from having their own names only.

import type { Result } from '../../base/result.ts'
import { CommandError, usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { print, printJson, printable } from '../output.ts'
import { thisRun } from '../run.ts'
import { bindingFindings } from './check-bindings.ts'
import { controlPlaneFindings, versionFinding } from './check-control-plane.ts'
import { type Finding, type Mode, lineOf } from './check-findings.ts'
import {
  readAdmissionPolicy,
  readAdmissionPolicyBinding,
  readClusterRole,
  readClusterRoleBinding,
  readControlPlanePod,
  readItems,
  readVersion,
} from './check-objects.ts'
import { renewalFinding } from './check-renewal.ts'
import { type KubectlOptions, askKubectl } from './kubectl.ts'

/** The options as they were typed. */
export interface CheckOptions {
  readonly mode?: string
  readonly kubectl?: string
  readonly context?: string
  readonly json?: true
}

const readMode = (text: string): Mode => {
  if (text === 'a' || text === 'b') return text
  throw usageError(`--mode: expected a or b, not ${text}`)
}

/** The items of a list; `undefined` if this user may not see them. */
const itemsOf = (
  answer: Result<unknown, 'forbidden'>,
  what: string,
): readonly unknown[] | undefined => {
  if (!answer.ok) return undefined
  const items = readItems(answer.value)
  if (items !== undefined) return items
  throw new CommandError(EXIT.unavailable, `kubectl: get ${what}: the output is not a list`)
}

const unseenBindings = (): readonly Finding[] =>
  ['nodeclient', 'selfnodeclient'].map((name) => ({
    state: 'unknown',
    name,
    detail: 'this user may not list ClusterRoles and ClusterRoleBindings',
    remedy: 'run it as an administrator',
  }))

const look = async (mode: Mode, cluster: KubectlOptions): Promise<readonly Finding[]> => {
  const get = async (what: string, ...args: string[]): Promise<readonly unknown[] | undefined> =>
    itemsOf(await askKubectl(cluster, 'get', what, ...args, '--output=json'), what)
  const version = await askKubectl(cluster, 'get', '--raw', '/version')
  const roles = await get('clusterroles')
  const bindings = await get('clusterrolebindings')
  const age = versionFinding(version.ok ? readVersion(version.value) : '')
  // A server before 1.30 does not know these resources.
  const renewal = mode === 'b' && age.state === 'ok'
  const policies = renewal ? await get('validatingadmissionpolicies') : undefined
  const policyBindings = renewal ? await get('validatingadmissionpolicybindings') : undefined
  const pods = await get('pods', '--namespace=kube-system', '--selector=tier=control-plane')
  return [
    age,
    ...(roles === undefined || bindings === undefined
      ? unseenBindings()
      : bindingFindings(mode, roles.map(readClusterRole), bindings.map(readClusterRoleBinding))),
    ...(renewal
      ? [
          renewalFinding(
            policies?.map(readAdmissionPolicy),
            policyBindings?.map(readAdmissionPolicyBinding),
          ),
        ]
      : []),
    ...controlPlaneFindings(mode, pods?.map(readControlPlanePod)),
  ]
}

/** Looks at the cluster, prints one line for each finding, and ends with 1 if one is bad. @throws CommandError */
export const checkCluster = async ({
  mode: typedMode = 'b',
  kubectl = 'kubectl',
  context,
  json,
}: CheckOptions): Promise<void> => {
  const mode = readMode(typedMode)
  const findings = await look(mode, { kubectl, ...(context !== undefined && { context }) })
  if (json) printJson({ mode, findings })
  else print(...findings.map((it) => printable(lineOf(it))))
  if (findings.some(({ state }) => state === 'bad')) thisRun().exitWith(EXIT.notGood)
}
