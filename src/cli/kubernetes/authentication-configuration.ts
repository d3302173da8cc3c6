// The text of an AuthenticationConfiguration: the rules by which an API server takes tokens of a service for nodes.
// They are CEL expressions within YAML. Pure.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration

import { NODE_GROUPS, NODE_USER_PREFIX, nodeExtraKeys } from '../../admit/kubernetes/node-user.ts'
import {
  MAX_NODE_NAME_LENGTH,
  MIXED_CASE_FIELDS,
  NODE_NAME_PATTERN,
  type NodeNameTemplate,
} from '../../policy/node-name.ts'
import { MAX_TOKEN_LIFETIME_SECONDS } from '../../policy/policy.ts'
import { ACR_CHALLENGE } from '../../token/claims.ts'

/** Versions of the format: `v1` since Kubernetes 1.34, `v1beta1` since 1.30. */
export const API_VERSIONS = ['v1', 'v1beta1'] as const

/** What a configuration is made from. Every text is printable ASCII. */
export interface AuthenticationOptions {
  /** The URL of the service, https. */
  readonly issuer: string
  /** The audience of this cluster, which no other relying party has. */
  readonly audience: string
  /** Roles whose instances become nodes; at least one. */
  readonly roles: readonly string[]
  /** Accounts whose instances become nodes; at least one. */
  readonly accounts: readonly string[]
  readonly node: NodeNameTemplate
  /** PEM certificates that the service's certificate is verified with. Absent: the system's. */
  readonly certificateAuthority?: string
  /** One of {@link API_VERSIONS}. */
  readonly apiVersion: (typeof API_VERSIONS)[number]
  /** Paths for callers without credentials. Empty: the file leaves this to the flags of the API server. */
  readonly anonymousPaths: readonly string[]
}

/** A text in CEL. The escapes of JSON mean the same there, for printable ASCII. */
const cel = (text: string): string => JSON.stringify(text)
const celList = (texts: readonly string[]): string => `[${texts.map(cel).join(', ')}]`

/** A text in YAML, in single quotes: a backslash is itself, and only the quote is doubled. */
const yaml = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** The name of the user in CEL, which gives what `nodeName()` gives. */
const userName = ({ parts }: NodeNameTemplate): string =>
  [
    cel(NODE_USER_PREFIX),
    ...parts.map((part) => {
      if ('text' in part) return cel(part.text)
      const value = `claims.ecs.${part.field}`
      return MIXED_CASE_FIELDS.includes(part.field) ? `${value}.lowerAscii()` : value
    }),
  ].join(' + ')

/** A rule: why it is there, its expression, and what the log of the API server says if it fails. */
interface Rule {
  readonly why: string
  readonly expression: string
  readonly message: string
}

const claimRules = ({ audience, roles, accounts }: AuthenticationOptions): readonly Rule[] => [
  {
    why: 'A token with a second audience is also sent to others, who could use it here.',
    expression: `claims.aud == ${cel(audience)} || claims.aud == ${celList([audience])}`,
    message: 'the token has more than one audience; request it for this cluster alone',
  },
  {
    why: 'Roles and accounts whose instances become nodes.',
    expression: `claims.role in ${celList(roles)}`,
    message: 'the role is not a role of nodes of this cluster',
  },
  {
    why: 'The account is signed by the cloud. The policy of the service can change; this file stays.',
    expression: `claims.ecs.owner_account_id in ${celList(accounts)}`,
    message: 'the instance belongs to another account',
  },
  {
    why: 'The API server verifies no proof of a key, so a bound token would work for a thief too.',
    expression: '!has(claims.cnf)',
    message: 'the token is bound to a key; exchange it for a token of this cluster',
  },
  {
    why: 'A ban stops new tokens only, so no token may live longer than this: an hour.',
    expression: `has(claims.exp) && has(claims.iat) && claims.exp - claims.iat <= ${MAX_TOKEN_LIFETIME_SECONDS}`,
    message: 'the token is valid for too long',
  },
  {
    why: 'The evidence was fresh: it contained a challenge of the service.',
    expression: `claims.acr == ${cel(ACR_CHALLENGE)}`,
    message: 'the instance enrolled without a challenge',
  },
]

const NAME = NODE_NAME_PATTERN.source.slice(1)

const USER_RULES: readonly Rule[] = [
  {
    why: 'A node and nothing else, if someone changes the mappings above.',
    expression: `user.groups == ${celList(NODE_GROUPS)}`,
    message: 'the user must be in the group of nodes alone',
  },
  {
    why: 'Kubernetes takes no other names for nodes (RFC 1123).',
    expression: `user.username.matches(${cel(`^${NODE_USER_PREFIX}${NAME}`)}) && size(user.username) <= ${
      NODE_USER_PREFIX.length + MAX_NODE_NAME_LENGTH
    }`,
    message: 'the attested fields give no valid name of a node',
  },
]

const ruleLines = (rules: readonly Rule[]): readonly string[] =>
  rules.flatMap(({ why, expression, message }) => [
    `      # ${why}`,
    `      - expression: ${yaml(expression)}`,
    `        message: ${yaml(message)}`,
  ])

const authorityLines = (pem: string | undefined): readonly string[] =>
  pem === undefined
    ? []
    : [
        '      # The certificate of the issuer is verified with these alone.',
        '      certificateAuthority: |',
        ...pem
          .trimEnd()
          .split('\n')
          .map((line) => `        ${line}`),
      ]

const anonymousLines = (paths: readonly string[]): readonly string[] =>
  paths.length === 0
    ? []
    : [
        '# Callers without credentials reach these paths only. Needs Kubernetes 1.32, without --anonymous-auth.',
        'anonymous:',
        '  enabled: true',
        '  conditions:',
        ...paths.map((path) => `    - path: ${yaml(path)}`),
      ]

/**
 * The file for `--authentication-config` of kube-apiserver, as YAML with comments.
 * @param options values that {@link AuthenticationOptions} allows; they are escaped, not checked
 */
export const authenticationConfiguration = (options: AuthenticationOptions): string => {
  const { issuer, audience, node, certificateAuthority, apiVersion, anonymousPaths } = options
  const keys = nodeExtraKeys(issuer)
  return [
    '# Instances that the service enrolled become nodes of this cluster, by the names that the cloud attests.',
    '# Printed by `rollcall kubernetes config`. For kube-apiserver: --authentication-config=FILE. It reads the file',
    '# again after a change. The flags --oidc-* must be absent.',
    ...(apiVersion === 'v1'
      ? ['# Needs Kubernetes 1.34; before, print it with --api-version v1beta1.']
      : []),
    `apiVersion: apiserver.config.k8s.io/${apiVersion}`,
    'kind: AuthenticationConfiguration',
    'jwt:',
    '  - issuer:',
    `      url: ${yaml(issuer)}`,
    ...authorityLines(certificateAuthority),
    '      # One audience for this cluster, which no other cluster and no other service shares.',
    '      audiences:',
    `        - ${yaml(audience)}`,
    '      audienceMatchPolicy: MatchAny',
    '    claimValidationRules:',
    ...ruleLines(claimRules(options)),
    '    claimMappings:',
    '      # Only fields that the cloud signed. A node cannot choose any part of its name.',
    '      username:',
    `        expression: ${yaml(userName(node))}`,
    '      # A constant. From a claim such as groups, a policy could make an instance a cluster administrator.',
    '      groups:',
    `        expression: ${yaml(celList(NODE_GROUPS))}`,
    '      # The cloud never gives it to another instance.',
    '      uid:',
    "        expression: 'claims.ecs.serial_number'",
    '      # For approvers of certificates, and for the audit log. It also has the jti, as the credential id.',
    '      extra:',
    `        - key: ${yaml(keys.addresses)}`,
    "          valueExpression: '[claims.ecs.private_ipv4]'",
    `        - key: ${yaml(keys.role)}`,
    "          valueExpression: 'claims.role'",
    '    userValidationRules:',
    ...ruleLines(USER_RULES),
    ...anonymousLines(anonymousPaths),
    '',
  ].join('\n')
}
