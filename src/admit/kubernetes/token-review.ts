// Review of a token for a Kubernetes cluster whose API server asks by webhook: is it a node's, and of which name? The
// rules are those of the AuthenticationConfiguration that newer clusters get, and standing beside. The decision is pure of
// HTTP.

import { type Result, accept, refuse } from '../../base/result.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { type NodeNameTemplate, nodeName } from '../../policy/node-name.ts'
import { MAX_TOKEN_LIFETIME_SECONDS } from '../../policy/policy.ts'
import { type StandingRefusal, checkStanding } from '../../registry/standing.ts'
import { type EnrollmentClaims, tokenSubject } from '../../token/claims.ts'
import type { PublishedKeys } from '../../token/signing-keys.ts'
import { type TokenRefusal, verifyToken } from '../../token/verify.ts'
import { type NodeUser, nodeUser } from './node-user.ts'

/** A cluster whose API server may ask, as `ROLLCALL_KUBERNETES` describes it. */
export interface KubernetesCluster {
  /** Audiences of the cluster's tokens; not empty. */
  readonly audiences: readonly string[]
  /** Roles of the cluster's nodes; not empty. */
  readonly roles: readonly string[]
  /** Ids of the accounts that the nodes belong to; not empty. */
  readonly accounts: readonly string[]
  /** How the names of nodes are made. */
  readonly nodeName: NodeNameTemplate
  /** SHA-256 of each token that the API server may show, in lower-case hex; not empty. */
  readonly webhookTokenSha256: readonly string[]
}

/** What a review works with. */
export interface TokenReviewOptions {
  readonly issuer: string
  /** The keys that tokens are signed with, the ones of a rotation included. */
  readonly published: Pick<PublishedKeys, 'publicKeys'>
  /** Where state is stored. */
  readonly ledger: Ledger
  /** Whose nodes a token may authenticate. */
  readonly cluster: KubernetesCluster
}

/** What the API server asks, `spec` of a TokenReview. */
export interface AskedReview {
  readonly token: string
  /** Audiences that the API server answers to. Empty: it does not say, and those of the cluster count. */
  readonly audiences: readonly string[]
}

/** Why a token does not authenticate a node; codes for the audit event. The API server learns no reason. */
export type TokenReviewReason =
  | TokenRefusal
  | StandingRefusal
  /** It is bound to a key, which the API server does not ask for. */
  | 'token_bound'
  | 'token_lives_too_long'
  | 'role_not_of_cluster'
  | 'account_not_of_cluster'
  /** The token has none of the cluster's audiences. */
  | 'audience_not_of_cluster'
  /** The token has other audiences, too. */
  | 'several_audiences'
  /** The API server answers to none of the audiences that token and cluster share. */
  | 'audience_not_of_review'
  /** The template gives no name that Kubernetes accepts. */
  | 'node_name_invalid'

/** A token that does not authenticate a node. */
export interface RefusedReview {
  /** What is wrong: the token itself, or that the node is not of this cluster. The API server does not learn it. */
  readonly code: 'invalid_token' | 'not_admitted'
  readonly reason: TokenReviewReason
  /** The claims of the token, once its signature has verified. */
  readonly claims?: EnrollmentClaims
}

/** A token that authenticates a node. */
export interface ReviewedNode {
  readonly user: NodeUser
  /** The audiences that token, cluster and API server share: the one of the token. */
  readonly audiences: readonly string[]
  readonly claims: EnrollmentClaims
}

/** Whether the claims are those of a node of the cluster: its user, and the audiences that all three share. */
const readNode = (
  { issuer, cluster }: Pick<TokenReviewOptions, 'issuer' | 'cluster'>,
  asked: readonly string[],
  claims: EnrollmentClaims,
): Result<ReviewedNode, RefusedReview> => {
  const { aud, iat, exp, role, cnf, ecs } = claims
  const no = (
    reason: TokenReviewReason,
    code: RefusedReview['code'] = 'not_admitted',
  ): Result<never, RefusedReview> => refuse({ code, reason, claims })
  if (cnf !== undefined) return no('token_bound', 'invalid_token')
  if (exp - iat > MAX_TOKEN_LIFETIME_SECONDS) return no('token_lives_too_long', 'invalid_token')
  if (!cluster.roles.includes(role)) return no('role_not_of_cluster')
  if (!cluster.accounts.includes(ecs.owner_account_id)) return no('account_not_of_cluster')
  const own = cluster.audiences.filter((audience) => aud.includes(audience))
  if (own.length === 0) return no('audience_not_of_cluster')
  // A token with a second audience is also sent to others, who could act as the node.
  if (aud.length !== 1) return no('several_audiences')
  const audiences = asked.length === 0 ? own : own.filter((audience) => asked.includes(audience))
  if (audiences.length === 0) return no('audience_not_of_review')
  const name = nodeName(cluster.nodeName, ecs)
  if (!name.ok) return no('node_name_invalid')
  return accept({ user: nodeUser({ issuer, name: name.value, claims }), audiences, claims })
}

/**
 * Reviews a token. The ledger is asked last, and every time.
 * @param now Unix seconds
 * @throws LedgerUnavailableError
 */
export const reviewToken = async (
  { published, ledger, ...options }: TokenReviewOptions,
  { token, audiences }: AskedReview,
  now: number,
): Promise<Result<ReviewedNode, RefusedReview>> => {
  const code = 'invalid_token'
  const verified = await verifyToken(published, options.issuer, token, now)
  if (!verified.ok) return refuse({ code, reason: verified.refusal })
  const claims = verified.value
  const node = readNode(options, audiences, claims)
  if (!node.ok) return node
  const standing = await checkStanding(ledger, tokenSubject(claims), now)
  return standing.ok ? node : refuse({ code, reason: standing.refusal, claims })
}
