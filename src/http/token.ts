// `POST /v1/token`: token exchange over HTTP (RFC 8693). It reads the parameters of OAuth, and answers in its form.
// The subject token and its proof are all that counts: an `Authorization` header, `client_id` and `scope` are ignored.

import type { Context, Hono } from 'hono'
import {
  type ExchangerOptions,
  type ExchangeReason,
  type RefusedExchange,
  exchangeToken,
} from '../admit/exchange.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import type { SentAnswer } from '../base/wire/answers.ts'
import { ACCESS_TOKEN_TYPE, JWT_TOKEN_TYPE, TOKEN_PATH } from '../base/wire/token-exchange.ts'
import {
  type AppSettings,
  type Env,
  type Outcome,
  type Refused,
  answering,
  refusedOAuthRequest,
} from './audited.ts'
import { jsonContent } from './content.ts'
import type { OAuthErrorCode } from './oauth-error.ts'
import { inHand, readOAuthRequest } from './request/read-request.ts'
import { type RequestRefusal, invalidRequest } from './request/request-refusal.ts'
import { TokenRequest } from './request/schemas.ts'
import { tokenFacts } from './token-facts.ts'

/** What exchanges work with, beside the issuer. */
export type ExchangeSettings = Omit<ExchangerOptions, 'issuer'>

/** What the client reads where it can do something about it. It says nothing that the token does not say. */
const DESCRIPTIONS: Readonly<Partial<Record<ExchangeReason, string>>> = {
  token_expired: 'The subject token has expired; enroll again and use the new token',
  token_not_bound: 'The subject token is not bound to a key; enroll with a key',
  token_exchanged: 'The subject token was exchanged itself; use the enrollment token',
  dpop_missing: 'The request has no DPoP header; send a proof made with the key of the token',
  dpop_replayed: 'The DPoP proof was used before; make a new one for each call',
  dpop_not_in_time: 'The iat of the DPoP proof is more than 60 seconds off; correct the clock',
}

/** Parameters whose pattern has an error of its own. */
const ERROR_OF_FIELD: Readonly<Record<string, OAuthErrorCode>> = {
  // RFC 6749 section 5.2
  grant_type: 'unsupported_grant_type',
  // RFC 8707 section 2
  resource: 'invalid_target',
}

const refusedParameters = (refusal: RequestRefusal): Result<never, Refused> => {
  const { reason, field = '', title: description } = refusal
  const error = reason === 'field_malformed' ? ERROR_OF_FIELD[field] : undefined
  return error === undefined
    ? refusedOAuthRequest(refusal)
    : refuse({ error, description, facts: { reason, field } })
}

/** The one audience that is asked for. */
const audienceOf = (asked: {
  readonly audience?: string | undefined
  readonly resource?: string | undefined
}): Result<string, RequestRefusal> => {
  const { audience, resource } = asked
  if (audience !== undefined && resource !== undefined) {
    return invalidRequest('field_repeated', 'Send audience or resource, not both', 'resource')
  }
  const one = audience ?? resource
  return one === undefined
    ? invalidRequest('field_missing', 'The parameter audience is missing', 'audience')
    : accept(one)
}

const refusedExchange = (refused: RefusedExchange): Result<never, Refused> => {
  const { error, reason, claims, jkt } = refused
  const known = claims === undefined ? {} : tokenFacts(claims)
  return refuse({ error, description: DESCRIPTIONS[reason], facts: { ...known, jkt, reason } })
}

/** Adds the call to an app. */
export const addExchange = (
  app: Hono<Env>,
  settings: AppSettings,
  options: ExchangeSettings,
): void => {
  const { issuer, clock } = settings
  const outcome = async (context: Context<Env>): Promise<Outcome> => {
    const read = await readOAuthRequest(inHand(context), TokenRequest, settings)
    if (!read.ok) return refusedParameters(read.refusal)
    const audience = audienceOf(read.value)
    if (!audience.ok) return refusedParameters(audience.refusal)
    const { subject_token: subjectToken, requested_token_type: requested } = read.value
    const asked = {
      subjectToken,
      audience: audience.value,
      dpop: context.req.header('DPoP'),
      uri: issuer + TOKEN_PATH,
    }
    const exchanged = await exchangeToken({ ...options, issuer }, asked, clock())
    if (!exchanged.ok) return refusedExchange(exchanged.refusal)
    const { accessToken, tokenType, expiresIn, jti, claims } = exchanged.value
    const answer: SentAnswer<'Exchange'> = {
      access_token: accessToken,
      issued_token_type: requested === ACCESS_TOKEN_TYPE ? ACCESS_TOKEN_TYPE : JWT_TOKEN_TYPE,
      token_type: tokenType,
      expires_in: expiresIn,
    }
    const facts = { ...tokenFacts(claims), jkt: claims.cnf?.jkt, jti, audience: audience.value }
    return accept({ content: jsonContent(answer), facts })
  }
  app.post(TOKEN_PATH, answering(settings, 'exchange', outcome))
}
