// Authorization of a request that came to a proxy: may it go on to the relying party? The proxy passes on what the client
// sent as its credentials, and says what the relying party demands. The decision is pure of HTTP.

import { type Result, accept, refuse } from '../base/result.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type StandingRefusal, checkStanding } from '../registry/standing.ts'
import { type EnrollmentClaims, tokenSubject } from '../token/claims.ts'
import { type ProofRefusal, type VerifiedProof, spendProof, verifyProof } from '../token/proof.ts'
import type { PublishedKeys } from '../token/signing-keys.ts'
import { type TokenRefusal, verifyToken } from '../token/verify.ts'
import { type ForwardedRequest, readForwarded } from './forwarded.ts'
import { type TrustedProxy, findProxy } from './proxies.ts'

/** What authorization works with. */
export interface AuthorizationOptions {
  readonly issuer: string
  /** The keys that tokens are signed with, the ones of a rotation included. */
  readonly published: Pick<PublishedKeys, 'publicKeys'>
  /** Where state is stored. */
  readonly ledger: Ledger
  /** Proxies that may ask about bound tokens. */
  readonly proxies: readonly TrustedProxy[]
}

/** What a request shows, each header as all of its values joined; absent: the header is absent. */
export interface Credentials {
  /** `Authorization`. */
  readonly authorization: string | undefined
  /** `DPoP`. */
  readonly dpop: string | undefined
  /** `X-Rollcall-Proxy`. */
  readonly proxySecret: string | undefined
  readonly forwarded: ForwardedRequest
}

/** What the relying party demands; lists have any number of values, absent: anything goes. */
export interface Demands {
  /** Must be one of the token's audiences. */
  readonly audience: string
  readonly roles?: readonly string[] | undefined
  readonly accounts?: readonly string[] | undefined
  readonly regions?: readonly string[] | undefined
}

/** Why a request is not authorized; codes for the audit event. */
export type AuthorizationReason =
  | TokenRefusal
  | StandingRefusal
  | ProofRefusal
  /** There is not exactly one `Authorization` of the form `Bearer TOKEN` or `DPoP TOKEN`. */
  | 'token_missing'
  /** A bound token was not shown by the scheme `DPoP`, or an unbound one not by `Bearer` alone. */
  | 'token_scheme_mismatch'
  | 'dpop_missing'
  /** A bound token, and no known proxy asks. */
  | 'proxy_not_trusted'
  /** The proxy may not ask for this audience. */
  | 'audience_not_of_proxy'
  /** The proxy does not say which request it asks about. */
  | 'forwarded_request_malformed'
  /** The token is for another audience. */
  | 'audience_not_of_token'
  | 'role_mismatch'
  | 'account_mismatch'
  | 'region_mismatch'

/** What is known of a request, authorized or not. */
export interface AuthorizationFacts {
  /** The claims of the token, once its signature has verified. */
  readonly claims?: EnrollmentClaims | undefined
  /** Name of the proxy that asks, if it is known. */
  readonly proxy?: string | undefined
  /** Thumbprint of the key that the client proved. */
  readonly jkt?: string | undefined
}

/** A request that is not authorized. */
export interface RefusedAuthorization extends AuthorizationFacts {
  readonly code: 'invalid_token' | 'invalid_dpop_proof' | 'proxy_not_trusted' | 'not_admitted'
  readonly reason: AuthorizationReason
}

/** A request that may go on. */
export interface Authorized extends AuthorizationFacts {
  readonly claims: EnrollmentClaims
}

type Refuse = (
  code: RefusedAuthorization['code'],
  reason: AuthorizationReason,
) => Result<never, RefusedAuthorization>

const AUTHORIZATION = /^(Bearer|DPoP) ([A-Za-z0-9._~+/=-]+)$/i

/** The demand that a token does not meet. */
const unmetDemand = (
  { aud, role, ecs }: EnrollmentClaims,
  { audience, roles, accounts, regions }: Demands,
): AuthorizationReason | undefined => {
  const meets = (value: string, allowed: readonly string[] | undefined): boolean =>
    allowed === undefined || allowed.includes(value)
  if (!aud.includes(audience)) return 'audience_not_of_token'
  if (!meets(role, roles)) return 'role_mismatch'
  if (!meets(ecs.owner_account_id, accounts)) return 'account_mismatch'
  return meets(ecs.region_id, regions) ? undefined : 'region_mismatch'
}

/**
 * Decides whether a request may go on. The order: what costs nothing, then the proof's signature, then the ledger. The
 * ledger is asked every time, and the proof is used up last, so that a refusal leaves it usable.
 * @param now Unix seconds
 * @throws LedgerUnavailableError
 */
export const authorize = async (
  { issuer, published, ledger, proxies }: AuthorizationOptions,
  { authorization, dpop, proxySecret, forwarded }: Credentials,
  demands: Demands,
  now: number,
): Promise<Result<Authorized, RefusedAuthorization>> => {
  const proxy = findProxy(proxies, proxySecret)
  let facts: AuthorizationFacts = { proxy: proxy?.name }
  const no: Refuse = (code, reason) => refuse({ ...facts, code, reason })

  const [, scheme, token] = AUTHORIZATION.exec(authorization ?? '') ?? []
  if (scheme === undefined || token === undefined) return no('invalid_token', 'token_missing')
  const verified = await verifyToken(published, issuer, token, now)
  if (!verified.ok) return no('invalid_token', verified.refusal)
  const claims = verified.value
  const { cnf } = claims
  facts = { ...facts, claims }

  const isDpop = scheme.toLowerCase() === 'dpop'
  if (isDpop !== (cnf !== undefined)) return no('invalid_token', 'token_scheme_mismatch')
  if (cnf === undefined && dpop !== undefined) return no('invalid_token', 'token_scheme_mismatch')
  if (cnf !== undefined && proxy === undefined) return no('proxy_not_trusted', 'proxy_not_trusted')
  if (proxy !== undefined && !proxy.audiences.includes(demands.audience)) {
    return no('not_admitted', 'audience_not_of_proxy')
  }
  const unmet = unmetDemand(claims, demands)
  if (unmet !== undefined) return no('not_admitted', unmet)

  const proof =
    cnf === undefined || proxy === undefined
      ? undefined
      : await proofOf(dpop, forwarded, proxy, { accessToken: token, jkt: cnf.jkt, now })
  if (proof !== undefined && !proof.ok) return no('invalid_dpop_proof', proof.refusal)
  facts = { ...facts, jkt: proof?.value.jkt }
  const standing = await checkStanding(ledger, tokenSubject(claims), now)
  if (!standing.ok) return no('invalid_token', standing.refusal)
  if (proof !== undefined) {
    const spent = await spendProof(ledger, proof.value, now)
    if (!spent.ok) return no('invalid_dpop_proof', spent.refusal)
  }
  return accept({ ...facts, claims })
}

/** Verifies the proof of the request that a proxy asks about. */
const proofOf = async (
  dpop: string | undefined,
  forwarded: ForwardedRequest,
  { origin }: TrustedProxy,
  of: { readonly accessToken: string; readonly jkt: string; readonly now: number },
): Promise<Result<VerifiedProof, AuthorizationReason>> => {
  if (dpop === undefined) return refuse('dpop_missing')
  const target = readForwarded(forwarded, origin)
  return target.ok ? verifyProof(dpop, { ...target.value, ...of }) : target
}
