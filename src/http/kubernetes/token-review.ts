// `POST /v1/kubernetes/tokenreview`: the webhook of a Kubernetes API server, for clusters before 1.30. The API server
// shows a token of its own. Of the token that it asks about it learns the user, or only that the token was rejected.

import type { Context, Hono } from 'hono'
import {
  type KubernetesCluster,
  type RefusedReview,
  type TokenReviewOptions,
  reviewToken,
} from '../../admit/kubernetes/token-review.ts'
import { matchesSecret } from '../../admit/secret-hash.ts'
import { type Result, accept, refuse } from '../../base/result.ts'
import { TOKEN_REVIEW_PATH } from '../../base/wire/paths.ts'
import type { WebhookReason } from '../audit.ts'
import {
  type AppSettings,
  type Env,
  type Outcome,
  type Refused,
  answering,
  refusedRequest,
} from '../audited.ts'
import { jsonContent } from '../content.ts'
import { inHand, readJsonRequest } from '../request/read-request.ts'
import { shownTokenFacts } from '../token-facts.ts'
import { readTokenReview, tokenReviewAnswer } from './token-review-body.ts'

/** What token reviews work with, beside the issuer and its keys. */
export interface TokenReviewSettings extends Pick<TokenReviewOptions, 'ledger' | 'cluster'> {
  /** Whether tokens that authenticate a node have an audit event, too. Refusals always have one. */
  readonly auditAdmitted: boolean
}

const AUTHORIZATION = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i

const TITLE = 'Set the token of the API server in the kubeconfig of its webhook'

/** Takes a caller that shows one of the cluster's webhook tokens. */
const admitCaller = (
  { webhookTokenSha256 }: KubernetesCluster,
  authorization: string | undefined,
): Result<undefined, WebhookReason> => {
  const [, token] = AUTHORIZATION.exec(authorization ?? '') ?? []
  if (token === undefined) return refuse('webhook_token_missing')
  return webhookTokenSha256.some(matchesSecret(token))
    ? accept(undefined)
    : refuse('webhook_token_unknown')
}

const notAuthenticated = ({ code, reason, claims }: RefusedReview): Result<never, Refused> =>
  refuse({
    code,
    content: jsonContent(tokenReviewAnswer({ authenticated: false })),
    facts: { ...shownTokenFacts(claims), reason },
  })

/** Adds the call to an app. */
export const addTokenReviews = (
  app: Hono<Env>,
  settings: AppSettings,
  { auditAdmitted, ...options }: TokenReviewSettings & Pick<TokenReviewOptions, 'published'>,
): void => {
  const { issuer, clock } = settings
  const outcome = async (context: Context<Env>): Promise<Outcome> => {
    const caller = admitCaller(options.cluster, context.req.header('Authorization'))
    if (!caller.ok) {
      const facts = { reason: caller.refusal }
      return refuse({ code: 'invalid_token', title: TITLE, facts })
    }
    // The API server adds `?timeout=30s`.
    const read = await readJsonRequest(inHand(context), settings)
    if (!read.ok) return refusedRequest(read.refusal)
    const asked = readTokenReview(read.value)
    if (!asked.ok) return refusedRequest(asked.refusal)
    const reviewed = await reviewToken({ ...options, issuer }, asked.value, clock())
    if (!reviewed.ok) return notAuthenticated(reviewed.refusal)
    const { user, audiences, claims } = reviewed.value
    const answer = tokenReviewAnswer({ authenticated: true, user, audiences })
    return accept({ content: jsonContent(answer), facts: shownTokenFacts(claims) })
  }
  const handle = answering(settings, 'tokenreview', outcome, { auditSuccess: auditAdmitted })
  app.post(TOKEN_REVIEW_PATH, handle)
}
