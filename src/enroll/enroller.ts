// Enrollment: the protocol, a line a step. Evidence goes in, a token or a refusal comes out; nothing
// is decided on unverified bytes, and the challenge is spent before policy runs.

import type { Bytes } from '../bytes.ts'
import { InstanceIdentityError, LedgerUnavailableError } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type DecisionReason, decide, namesAccount } from '../policy/decide.ts'
import type { Policy } from '../policy/policy.ts'
import { issueToken } from '../token/issue.ts'
import type { SigningKeys } from '../token/signing-keys.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import type { TrustAnchor } from '../verify/trust-anchor.ts'
import { verifyEvidence } from '../verify/verify-evidence.ts'
import { deriveChallengeKeys, importChallengeKeys } from './challenge-keys.ts'
import {
  type ChallengeOptions,
  type ChallengeRefusal,
  checkChallenge,
  makeChallenge,
} from './challenge.ts'
import { spendChallenge } from './spend.ts'

/** What an enroller works with; complete, nothing has a default. */
export interface EnrollerOptions {
  /** The service's name, exactly as in tokens. */
  readonly issuer: string
  readonly policy: Policy
  readonly signingKeys: SigningKeys
  readonly ledger: Ledger
  /** Pinned signing certificates of the cloud; not empty. */
  readonly trustAnchors: readonly TrustAnchor[]
  /** Whether SHA-1 is accepted, with which ECS signs. */
  readonly allowSha1: boolean
  readonly challengeLifetimeSeconds: number
  /** MAC keys of 32 bytes, in place of those derived from the signing keys. */
  readonly challengeKeys?: readonly Bytes[] | undefined
}

/** What a client posts to be enrolled. */
export interface EnrollmentRequest {
  readonly document: string
  readonly pkcs7: string
  /** The role that the challenge was made for; absent if it was made for none. */
  readonly role?: string | undefined
  /** The challenge used; needed for detached content. */
  readonly audience?: string | undefined
  /** RFC 8707: the one audience that the token is wanted for. */
  readonly resource?: string | undefined
}

/** Why an enrollment was refused, for the operator alone. */
export type EnrollmentReason =
  | InstanceIdentityError['code']
  | ChallengeRefusal
  | 'challenge_before_ledger'
  | 'challenge_spent'
  | DecisionReason
  | 'resource_not_allowed'
  | 'ledger_unavailable'

/** What is known of an enrollment, for the audit event; absent when unknown. Never evidence. */
export interface EnrollmentFacts {
  readonly reason?: EnrollmentReason | undefined
  readonly role?: string | undefined
  readonly rule?: string | undefined
  readonly field?: string | undefined
  readonly instanceId?: string | undefined
  readonly ownerAccountId?: string | undefined
  readonly regionId?: string | undefined
  readonly jti?: string | undefined
  readonly retry?: boolean | undefined
  readonly unknownFields?: readonly string[] | undefined
  readonly trustAnchor?: string | undefined
}

/** The outcome of an enrollment. */
export type Enrollment =
  | {
      readonly ok: true
      readonly accessToken: string
      readonly tokenType: 'Bearer'
      /** Seconds that the token has left. */
      readonly expiresIn: number
      readonly role: string
      readonly facts: EnrollmentFacts
    }
  | {
      readonly ok: false
      readonly code: 'invalid_evidence' | 'not_admitted' | 'unavailable'
      readonly facts: EnrollmentFacts
    }

/** Makes challenges and enrolls instances. */
export interface Enroller {
  readonly issuer: string
  readonly signingKeys: SigningKeys
  /** Makes a challenge. Roles that exist and that don't are answered alike. @param now Unix seconds */
  challenge(
    request: { readonly role?: string | undefined },
    now: number,
  ): Promise<{ audience: string; expiresIn: number }>
  /** Judges evidence. Never throws for what a client sent, nor when the ledger is down. @param now Unix seconds */
  enroll(request: EnrollmentRequest, now: number): Promise<Enrollment>
}

const factsOf = (identity: InstanceIdentity): EnrollmentFacts => ({
  instanceId: identity.instanceId,
  ownerAccountId: identity.ownerAccountId,
  regionId: identity.regionId,
  trustAnchor: identity.trustAnchor,
  ...(identity.unknownFields.length > 0 && { unknownFields: identity.unknownFields }),
})

const enrollWith = async (
  options: EnrollerOptions,
  challenges: ChallengeOptions,
  request: EnrollmentRequest,
  now: number,
): Promise<Enrollment> => {
  const { policy, ledger } = options
  let facts: EnrollmentFacts = { role: request.role }
  const refuse = (
    code: (Enrollment & { ok: false })['code'],
    reason: EnrollmentReason,
  ): Enrollment => ({ ok: false, code, facts: { ...facts, reason } })

  try {
    const identity = await verifyEvidence(request, { ...options, now })
    facts = { ...facts, ...factsOf(identity) }

    if (identity.audience === undefined) return refuse('invalid_evidence', 'audience_mismatch')
    const challenge = await checkChallenge(challenges, identity.audience, request, now)
    if (typeof challenge === 'string') return refuse('invalid_evidence', challenge)
    const madeAt = challenge.expiresAt - options.challengeLifetimeSeconds
    if (madeAt < (ledger.remembersSince ?? 0)) {
      return refuse('invalid_evidence', 'challenge_before_ledger')
    }

    // Before anything is stored: strangers of the cloud can't fill the ledger.
    if (!namesAccount(policy, identity.ownerAccountId)) {
      return refuse('not_admitted', 'account_not_allowed')
    }
    const spent = await spendChallenge(ledger, challenge, identity.digest, now)
    if (spent === undefined) return refuse('invalid_evidence', 'challenge_spent')
    facts = { ...facts, retry: spent.retry }

    const decision = decide(identity, policy, request.role)
    if (!decision.allow) {
      const { reason, rule, field } = decision
      facts = { ...facts, rule, field }
      return refuse('not_admitted', reason)
    }
    const { role } = decision
    facts = { ...facts, role: role.name }
    const { resource } = request
    if (resource !== undefined && !role.token.audience.includes(resource)) {
      return refuse('not_admitted', 'resource_not_allowed')
    }

    const accessToken = await issueToken(options.signingKeys, {
      issuer: options.issuer,
      identity,
      role,
      audience: resource === undefined ? role.token.audience : [resource],
      jti: spent.jti,
      issuedAt: spent.issuedAt,
    })
    const expiresIn = Math.max(0, spent.issuedAt + role.token.lifetimeSeconds - now)
    facts = { ...facts, jti: spent.jti }
    return { ok: true, accessToken, tokenType: 'Bearer', expiresIn, role: role.name, facts }
  } catch (error) {
    if (error instanceof InstanceIdentityError) return refuse('invalid_evidence', error.code)
    if (error instanceof LedgerUnavailableError) return refuse('unavailable', 'ledger_unavailable')
    throw error
  }
}

/**
 * Creates an enroller. All state is in the ledger, so any number of enrollers with equal options
 * are one service.
 * @throws RangeError if there are no trust anchors
 */
export const createEnroller = async (options: EnrollerOptions): Promise<Enroller> => {
  if (options.trustAnchors.length === 0) throw new RangeError('trustAnchors must not be empty')
  const { issuer, signingKeys, challengeKeys, challengeLifetimeSeconds } = options
  const keys =
    challengeKeys === undefined
      ? await deriveChallengeKeys(signingKeys.secrets)
      : await importChallengeKeys(challengeKeys)
  const challenges: ChallengeOptions = { issuer, keys, lifetimeSeconds: challengeLifetimeSeconds }
  return {
    issuer,
    signingKeys,
    async challenge({ role }, now) {
      // A ledger whose memory begins in this very second begins with the next one.
      const madeAt = Math.max(now, options.ledger.remembersSince ?? 0)
      const audience = await makeChallenge(challenges, { role }, madeAt)
      return { audience, expiresIn: challengeLifetimeSeconds }
    },
    enroll: (request, now) => enrollWith(options, challenges, request, now),
  }
}
