// The user that Kubernetes takes a node for. Every part is attested or constant: no claim that a policy fills freely,
// such as `groups`, may decide what a user may do in a cluster. The printed AuthenticationConfiguration says the same in
// CEL. Pure.

import type { EnrollmentClaims } from '../../token/claims.ts'

/** The only groups of a node. The node authorizer and NodeRestriction go by them. */
export const NODE_GROUPS = ['system:nodes'] as const

/** What the name of a node's user begins with. */
export const NODE_USER_PREFIX = 'system:node:'

/** A user, its members as `user` of a TokenReview has them (`authentication.k8s.io/v1`, `UserInfo`). */
export interface NodeUser {
  /** `system:node:` and the name of the node. */
  readonly username: string
  /** The serial number of the instance. */
  readonly uid: string
  /** {@link NODE_GROUPS}. */
  readonly groups: readonly string[]
  /** By `HOST/addresses` and `HOST/role`, where HOST is the host of the issuer. */
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/** The keys of {@link NodeUser.extra}. */
export interface NodeExtraKeys {
  /** Has the private address of the instance. */
  readonly addresses: string
  /** Has the role of the token. */
  readonly role: string
}

/**
 * The keys of a node's `extra`. They have no port: Kubernetes takes a key only if the part before the slash is a DNS
 * name.
 * @param issuer the URL of the service
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/
 */
export const nodeExtraKeys = (issuer: string): NodeExtraKeys => {
  const { hostname } = new URL(issuer)
  return { addresses: `${hostname}/addresses`, role: `${hostname}/role` }
}

/** What a user is made from. */
export interface NodeUserSource {
  /** The URL of the service. */
  readonly issuer: string
  /** The name of the node, as `nodeName()` makes it. */
  readonly name: string
  /** The claims of a token whose signature was verified. */
  readonly claims: Pick<EnrollmentClaims, 'role'> & {
    readonly ecs: Pick<EnrollmentClaims['ecs'], 'private_ipv4' | 'serial_number'>
  }
}

/** Makes the user of a node. */
export const nodeUser = ({ issuer, name, claims: { role, ecs } }: NodeUserSource): NodeUser => {
  const keys = nodeExtraKeys(issuer)
  return {
    username: NODE_USER_PREFIX + name,
    uid: ecs.serial_number,
    groups: NODE_GROUPS,
    extra: { [keys.addresses]: [ecs.private_ipv4], [keys.role]: [role] },
  }
}
