// The errors of a token exchange: what happened, and what to do about it.

import { printable } from '../base/text.ts'
import { readUnverified } from '../token/unverified.ts'
import { type Failure, describeFailure } from './answer.ts'
import { ClientError, type ClientErrorCode } from './client-error.ts'
import { type ExchangePurpose, type OAuthRefusal, oauthRefusalOf } from './exchange-call.ts'
import { FOUND_IN_AUDIT, IN_AUDIT, VERSIONS_DIFFER, decisionOf, undecidedError } from './refusal.ts'

/** The code for each OAuth error, and what to do. */
const BY_ERROR: Readonly<Record<string, readonly [ClientErrorCode, remedy: string]>> = {
  invalid_grant: [
    'token_not_exchangeable',
    `Enroll again, and exchange the new token. If that is refused too, ${FOUND_IN_AUDIT}`,
  ],
  invalid_target: [
    'audience_not_allowed',
    'Check the audience. The policy must list it in "exchange" of the role',
  ],
  invalid_dpop_proof: ['proof_refused', `Correct the clock of this machine. ${IN_AUDIT}`],
}

const refusedError = (issuer: string, refusal: OAuthRefusal): ClientError => {
  const { error, description, requestId, answer } = refusal
  const [code, remedy] = BY_ERROR[error] ?? ['unexpected_answer', VERSIONS_DIFFER]
  const why = description === '' ? '' : `: ${description}`
  const detail = `${issuer} refused: the service answered ${answer.status} (${error}), request ${requestId}${why}`
  return new ClientError(detail, { code, remedy, status: answer.status })
}

/** The error for this failure of an exchange. */
export const exchangeError = (issuer: string, failure: Failure): ClientError => {
  const refusal = oauthRefusalOf(failure)
  if (refusal !== undefined) return refusedError(issuer, refusal)
  const decision = decisionOf(failure)
  if (decision === undefined) return undecidedError(issuer, failure)
  const { problem, answer } = decision
  const isLong = problem.code === 'payload_too_large'
  return new ClientError(`${issuer}: ${describeFailure(decision)}`, {
    code: isLong ? 'request_refused' : 'unexpected_answer',
    remedy: isLong ? 'Shorten the audience' : VERSIONS_DIFFER,
    status: answer.status,
  })
}

const ISSUER_LENGTH = 200

const unbound = (): ClientError =>
  new ClientError('the token is not bound to a key, and only bound tokens are exchanged', {
    code: 'token_not_exchangeable',
    remedy:
      'Enroll with a key: rollcall enroll --dpop-key FILE. ' +
      'Or get a token of that one audience: rollcall enroll --resource AUDIENCE',
  })

/**
 * Refuses a token that no service would exchange. Nothing has been sent yet: a token must not reach a service that did
 * not issue it.
 * @throws ClientError `token_of_another_issuer`, `token_not_exchangeable`, `key_of_another_token`
 * @throws RangeError if it is not a JWT
 */
export const requireExchangeable = ({ issuer, accessToken, dpopKey }: ExchangePurpose): void => {
  const claims = readUnverified(accessToken)?.claims
  if (claims === undefined) throw new RangeError('accessToken: expected a JWT of an enrollment')
  const { iss, cnf, enrollment_jti: parent } = claims
  if (iss !== issuer) {
    const name = printable(JSON.stringify(iss) ?? 'nobody').slice(0, ISSUER_LENGTH)
    throw new ClientError(`the token was issued by ${name}, and this service is ${issuer}`, {
      code: 'token_of_another_issuer',
      remedy: 'give the address of the service that issued the token',
    })
  }
  if (parent !== undefined) {
    throw new ClientError('the token was exchanged itself', {
      code: 'token_not_exchangeable',
      remedy: 'exchange the token of the enrollment',
    })
  }
  const { jkt } = (cnf ?? {}) as Readonly<Record<string, unknown>>
  if (typeof jkt !== 'string') throw unbound()
  if (jkt !== dpopKey.thumbprint) {
    const [other, own] = [printable(jkt).slice(0, ISSUER_LENGTH), dpopKey.thumbprint]
    throw new ClientError(`the token is bound to the key ${other}, and this key is ${own}`, {
      code: 'key_of_another_token',
      remedy: 'use the key of the enrollment',
    })
  }
}
