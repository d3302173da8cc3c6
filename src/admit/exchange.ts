// Token exchange (RFC 8693): a bound enrollment token and a proof of its key go in, a short token of one audience
// comes out. The enrollment token itself never has to leave the node for any place but this service.

import { toBase64Url } from '../base/bytes.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { isAlwaysBound } from '../policy/audiences.ts'
import { type Decision, decide } from '../policy/decide.ts'
import type { Exchange } from '../policy/exchange.ts'
import type { Policy, Role } from '../policy/policy.ts'
import { type StandingRefusal, checkStanding } from '../registry/standing.ts'
import { type EnrollmentClaims, tokenSubject } from '../token/claims.ts'
import { issueChild } from '../token/issue.ts'
import { type ProofRefusal, spendProof, verifyProof } from '../token/proof.ts'
import type { SigningKeys } from '../token/signing-keys.ts'
import { type TokenRefusal, verifyToken } from '../token/verify.ts'

const JTI_BYTES = 16

/** What an exchange works with. */
export interface ExchangerOptions {
  /** The service's name, exactly as in tokens. */
  readonly issuer: string
  /** The policy in force: what each role's tokens may be exchanged for. */
  readonly policy: Policy
  /** The keys that verify the token shown, and sign the new one. */
  readonly signingKeys: Pick<SigningKeys, 'signer' | 'publicKeys'>
  /** Where state is stored. */
  readonly ledger: Ledger
}

/** What a client asks for. */
export interface ExchangeRequest {
  readonly subjectToken: string
  /** The one audience of the new token. */
  readonly audience: string
  /** The one `DPoP` header, of the key that the subject token is bound to. */
  readonly dpop: string | undefined
  /** Where the request was posted, by the configuration: `htu` of the proof. */
  readonly uri: string
}

/** Why a token is not exchanged; codes for the audit event. */
export type ExchangeReason =
  | TokenRefusal
  | StandingRefusal
  | ProofRefusal
  /** It is bound to no key, so each relying party that was shown it could exchange it. */
  | 'token_not_bound'
  /** It was exchanged itself. */
  | 'token_exchanged'
  | 'dpop_missing'
  /** The policy in force has no such role, or its tokens are not always bound. */
  | 'role_not_exchangeable'
  /** The role no longer matches the instance. */
  | 'role_no_longer_matches'
  | 'audience_not_allowed'

/** An exchange that was refused: the error of RFC 6749 section 5.2, and the reason for the operator. */
export interface RefusedExchange {
  readonly error: 'invalid_grant' | 'invalid_target' | 'invalid_dpop_proof'
  readonly reason: ExchangeReason
  /** The claims of the subject token, once its signature has verified. */
  readonly claims?: EnrollmentClaims
  /** Thumbprint of the key, once it has been proved. */
  readonly jkt?: string
}

/** An exchange that was done. */
export interface Exchanged {
  readonly accessToken: string
  readonly tokenType: 'Bearer' | 'DPoP'
  /** Seconds until the token expires. */
  readonly expiresIn: number
  readonly audience: string
  readonly jti: string
  /** The claims of the subject token. */
  readonly claims: EnrollmentClaims
}

/** The role of a token by the policy in force: it must still give bound tokens, and match the instance. */
const roleOf = (policy: Policy, claims: EnrollmentClaims): Result<Role, ExchangeReason> => {
  const role = policy.roles.find(({ name }) => name === claims.role)
  if (role === undefined || !isAlwaysBound(role)) return refuse('role_not_exchangeable')
  // The fields were attested at the enrollment; digest and trust anchor decide nothing.
  const identity = { ...tokenSubject(claims), unknownFields: [], trustAnchor: '', digest: '' }
  const decision: Decision = decide(identity, policy, role.name)
  return decision.allow ? accept(role) : refuse('role_no_longer_matches')
}

/**
 * Exchanges a token. The order: what costs nothing, then the proof's signature, then the ledger; the proof is used up
 * last, so that a refusal leaves it usable.
 * @param now Unix seconds
 * @throws LedgerUnavailableError
 */
export const exchangeToken = async (
  { issuer, policy, signingKeys, ledger }: ExchangerOptions,
  { subjectToken, audience, dpop, uri }: ExchangeRequest,
  now: number,
): Promise<Result<Exchanged, RefusedExchange>> => {
  const verified = await verifyToken(signingKeys, issuer, subjectToken, now)
  if (!verified.ok) return refuse({ error: 'invalid_grant', reason: verified.refusal })
  const claims = verified.value
  const no = (error: RefusedExchange['error'], reason: ExchangeReason, jkt?: string) =>
    refuse({ error, reason, claims, ...(jkt !== undefined && { jkt }) })
  const { cnf } = claims
  if (cnf === undefined) return no('invalid_grant', 'token_not_bound')
  if (claims.enrollment_jti !== undefined) return no('invalid_grant', 'token_exchanged')
  const role = roleOf(policy, claims)
  if (!role.ok) return no('invalid_grant', role.refusal)
  const entry = role.value.exchange.find((it) => it.audience === audience)
  if (entry === undefined) return no('invalid_target', 'audience_not_allowed')

  if (dpop === undefined) return no('invalid_dpop_proof', 'dpop_missing')
  const expected = { method: 'POST', uri, accessToken: subjectToken, jkt: cnf.jkt, now }
  const proof = await verifyProof(dpop, { ...expected, allowAbsentAth: true })
  if (!proof.ok) return no('invalid_dpop_proof', proof.refusal)
  const standing = await checkStanding(ledger, tokenSubject(claims), now)
  if (!standing.ok) return no('invalid_grant', standing.refusal, cnf.jkt)
  const spent = await spendProof(ledger, proof.value, now)
  if (!spent.ok) return no('invalid_dpop_proof', spent.refusal, cnf.jkt)
  return accept(await issueOne(signingKeys, claims, entry, now))
}

/** Issues the new token. It names its enrollment, so whatever ends that one ends this one. */
const issueOne = async (
  signingKeys: ExchangerOptions['signingKeys'],
  claims: EnrollmentClaims,
  entry: Exchange,
  now: number,
): Promise<Exchanged> => {
  const jti = toBase64Url(crypto.getRandomValues(new Uint8Array(JTI_BYTES)))
  const expiresAt = Math.min(now + entry.lifetimeSeconds, claims.exp)
  const accessToken = await issueChild(signingKeys, {
    claims,
    entry,
    jti,
    issuedAt: now,
    expiresAt,
  })
  return {
    accessToken,
    tokenType: entry.binding === 'dpop' ? 'DPoP' : 'Bearer',
    expiresIn: expiresAt - now,
    audience: entry.audience,
    jti,
    claims,
  }
}
