// Warnings about a valid configuration that weakens the deployment, a sentence each, for the start.

import type { KubernetesCluster } from '../admit/kubernetes/token-review.ts'
import type { LedgerConfig } from '../ledger/configured.ts'
import type { TrustAnchor } from '../verify/trust-anchor.ts'
import { isLoopback } from '../base/issuer.ts'
import { audiencesOf } from '../policy/audiences.ts'
import type { Policy } from '../policy/policy.ts'
import type { RelyingPartyKey } from '../token/relying-party-keys.ts'

/** What the warnings depend on. */
export interface Warned {
  readonly issuer: string
  readonly ledger: LedgerConfig | undefined
  /** Absent: the built-in ones. */
  readonly trustAnchors: readonly TrustAnchor[] | undefined
  readonly policy: Policy
  readonly relyingPartyKeys: readonly RelyingPartyKey[] | undefined
  readonly kubernetes: Pick<KubernetesCluster, 'audiences' | 'roles'> | undefined
}

/** The problem with a certificate of the emulator if other machines can reach the service. */
export const emulatedProblem = (
  issuer: string,
  trustAnchors: readonly TrustAnchor[],
): string | undefined => {
  const at = trustAnchors.findIndex(({ emulated }) => emulated)
  if (at < 0 || isLoopback(new URL(issuer).hostname)) return undefined
  return (
    `certificate ${at + 1} was made by an emulator, which signs any identity; ` +
    'remove it, or set ROLLCALL_ISSUER to a URL on localhost'
  )
}

const anchorWarnings = (anchors: readonly TrustAnchor[]): string[] => {
  const count =
    anchors.length === 1 ? '1 certificate replaces' : `${anchors.length} certificates replace`
  const emulated = anchors.some((anchor) => anchor.emulated)
  return [
    `ROLLCALL_TRUST_ANCHORS: ${count} the built-in one of Alibaba Cloud; remove the variable to trust ` +
      'real instances',
    ...(emulated
      ? [
          'ROLLCALL_TRUST_ANCHORS: a certificate was made by an emulator; anyone who reaches that emulator ' +
            'can enroll as any instance',
        ]
      : []),
  ]
}

/** A misspelt audience would make every answer to that relying party `active: false`. */
const audienceWarnings = (keys: readonly RelyingPartyKey[], policy: Policy): string[] => {
  const known = audiencesOf(policy)
  return keys.flatMap(({ name, audiences }, index) =>
    audiences
      .filter((audience) => !known.has(audience))
      .map(
        (audience) =>
          `ROLLCALL_RELYING_PARTY_KEYS: keys.${index}: "${name}" has the audience "${audience}", ` +
          'which no role gives tokens; check its spelling',
      ),
  )
}

/** A node that does not ask for one audience would be rejected by the cluster. Its role may still be right. */
const nodeWarnings = (
  { audiences, roles }: Pick<KubernetesCluster, 'audiences' | 'roles'>,
  policy: Policy,
): string[] =>
  policy.roles
    .filter(({ name, token: { audience } }) => {
      const isOfCluster = audience.some((it) => audiences.includes(it))
      return roles.includes(name) && isOfCluster && audience.length > 1
    })
    .map(
      ({ name }) =>
        `ROLLCALL_KUBERNETES: roles.${roles.indexOf(name)}: "${name}" has several audiences, and the ` +
        'cluster rejects such tokens; let nodes ask for one with resource',
    )

/** The warnings of a configuration. None holds a secret. */
export const warningsOf = ({
  issuer,
  ledger,
  trustAnchors,
  policy,
  relyingPartyKeys = [],
  kubernetes,
}: Warned): string[] => [
  ...(issuer.startsWith('http:')
    ? [`ROLLCALL_ISSUER: "${issuer}" works on this machine only; set an https URL for instances`]
    : []),
  ...(ledger?.kind === 'memory'
    ? ['ROLLCALL_LEDGER: "memory:" loses all state when the process ends; use it for trials only']
    : []),
  ...(trustAnchors === undefined ? [] : anchorWarnings(trustAnchors)),
  ...audienceWarnings(relyingPartyKeys, policy),
  ...(kubernetes === undefined ? [] : nodeWarnings(kubernetes, policy)),
]
