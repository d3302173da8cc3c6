// `ROLLCALL_KUBERNETES`: the cluster whose API server asks `/v1/kubernetes/tokenreview` about tokens. Problems name the
// place in the object; none shows a hash, which a weak token could be guessed from.

import * as v from 'valibot'
import type { KubernetesCluster } from '../admit/kubernetes/token-review.ts'
import { accept, refuse } from '../base/result.ts'
import { usesOf } from '../policy/audiences.ts'
import { DEFAULT_NODE_NAME_TEMPLATE, parseNodeName } from '../policy/node-name.ts'
import type { Policy } from '../policy/policy.ts'
import { accountId, audienceName, list } from '../policy/schema.ts'
import { parseJson, schemaProblem, secretHash } from './schema-problems.ts'
import type { Parsed } from './variable.ts'

const KubernetesSchema = v.strictObject({
  audiences: list(audienceName),
  roles: list(v.string('expected a text')),
  accounts: list(accountId),
  node_name: v.optional(v.string('expected a text'), DEFAULT_NODE_NAME_TEMPLATE),
  webhook_token_sha256: list(secretHash),
})

const MEMBERS = Object.keys(KubernetesSchema.entries)

const SHAPE = `expected an object with ${MEMBERS.join(', ')}`

/** Reads the description of the cluster from JSON. What it says of roles is compared with the policy later. */
export const parseKubernetes = (text: string): Parsed<KubernetesCluster> => {
  const parsed = parseJson(text)
  if (!parsed.ok) return parsed
  const { value } = parsed
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse([SHAPE])
  const result = v.safeParse(KubernetesSchema, value)
  const { node_name: template } = value as { readonly node_name?: unknown }
  const name = parseNodeName(typeof template === 'string' ? template : DEFAULT_NODE_NAME_TEMPLATE)
  const problems = (result.issues ?? []).map((issue) => schemaProblem(issue, MEMBERS))
  if (!name.ok) problems.push(`node_name: ${name.refusal}`)
  if (!result.success || !name.ok) return refuse(problems)
  const { audiences, roles, accounts, webhook_token_sha256: webhookTokenSha256 } = result.output
  return accept({ audiences, roles, accounts, nodeName: name.value, webhookTokenSha256 })
}

/**
 * Compares a cluster with the policy. A misspelt name would refuse every node, and an audience of bound tokens would make
 * bearer tokens of them.
 * @returns a line for each problem, its place first
 */
export const kubernetesProblems = (
  { audiences, roles, accounts }: KubernetesCluster,
  policy: Policy,
): readonly string[] => {
  const uses = usesOf(policy)
  const named = policy.roles.filter(({ name }) => roles.includes(name))
  const problemsOf = (
    member: string,
    values: readonly string[],
    problemOf: (value: string) => string | false,
  ): string[] =>
    values.flatMap((value, at) => {
      const problem = problemOf(value)
      return problem === false ? [] : [`${member}.${at}: "${value}" ${problem}`]
    })
  return [
    ...problemsOf('audiences', audiences, (audience) => {
      const own = uses.filter((use) => use.audience === audience)
      if (own.some(({ binding }) => binding === 'dpop')) {
        return 'has tokens that are bound to a key; give the cluster an audience of its own'
      }
      return !own.some(({ role }) => roles.includes(role)) && 'is no audience of these roles'
    }),
    ...problemsOf(
      'roles',
      roles,
      (role) => !named.some(({ name }) => name === role) && 'is no role of the policy',
    ),
    ...problemsOf(
      'accounts',
      accounts,
      (account) =>
        !named.some(({ match }) => match.owner_account_id.includes(account)) &&
        'is no account of these roles',
    ),
  ]
}
