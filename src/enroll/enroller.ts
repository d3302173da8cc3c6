// Enrollment: the protocol, a line a step. Evidence goes in, a token or a refusal comes out; nothing
// is decided on unverified bytes, the challenge is spent before policy runs, and the instance's record
// is safe before there is a token.

import type { Bytes } from '../bytes.ts'
import { InstanceIdentityError, LedgerUnavailableError } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { namesAccount } from '../policy/decide.ts'
import type { Policy } from '../policy/policy.ts'
import { issueToken } from '../token/issue.ts'
import type { SigningKeys } from '../token/signing-keys.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import type { TrustAnchor } from '../verify/trust-anchor.ts'
import { verifyEvidence } from '../verify/verify-evidence.ts'
import { admit } from './admit.ts'
import type { ChallengePurpose } from './audience.ts'
import { findBan } from './bans.ts'
import { checkBoundChallenge } from './bound-challenge.ts'
import { deriveChallengeKeys, importChallengeKeys } from './challenge-keys.ts'
import {
  type ChallengeOptions,
  MAX_CHALLENGE_LIFETIME_SECONDS,
  makeChallenge,
} from './challenge.ts'
import type { Enrollment, EnrollmentFacts, EnrollmentRequest, Refusal } from './enrollment.ts'
import { readInstance, recordEnrollment } from './record-enrollment.ts'
import { isRevoked } from './revocation.ts'
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
  /** At most 3600. */
  readonly challengeLifetimeSeconds: number
  /** MAC keys of 32 bytes, in place of those derived from the signing keys. */
  readonly challengeKeys?: readonly Bytes[] | undefined
}

/** Makes challenges and enrolls instances. */
export interface Enroller {
  readonly issuer: string
  readonly signingKeys: SigningKeys
  /** Makes a challenge. Roles that exist and that don't are answered alike. @param now Unix seconds */
  challenge(
    purpose: ChallengePurpose,
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
  const { remembersSince = 0 } = ledger
  let facts: EnrollmentFacts = { role: request.role }
  const refuse = ({ code, ...why }: Refusal): Enrollment => ({
    ok: false,
    code,
    facts: { ...facts, ...why },
  })

  try {
    const identity = await verifyEvidence(request, { ...options, now })
    facts = { ...facts, ...factsOf(identity) }
    const { audience, ownerAccountId } = identity
    if (audience === undefined) {
      return refuse({ code: 'invalid_evidence', reason: 'audience_mismatch' })
    }
    const judging = { challenges, remembersSince }
    const bound = await checkBoundChallenge(judging, request, audience, now)
    if ('code' in bound) return refuse(bound)
    const { challenge, madeAt, jkt } = bound
    // Before anything is stored: strangers of the cloud can't fill the ledger.
    if (!namesAccount(policy, ownerAccountId)) {
      return refuse({ code: 'not_admitted', reason: 'account_not_allowed' })
    }

    const known = await readInstance(ledger, identity, now)
    // A token of this very second would be born revoked: the client comes again in the next one.
    if (now <= known.record.revokedUntil) {
      return refuse({ code: 'unavailable', reason: 'revoked_just_now' })
    }
    const spent = await spendChallenge(ledger, challenge, identity.digest, known.record, now)
    if (spent === undefined) return refuse({ code: 'invalid_evidence', reason: 'challenge_spent' })
    const { jti, issuedAt, retry } = spent
    facts = { ...facts, retry }

    const [ban, revoked] = await Promise.all([
      findBan(ledger, identity, now),
      retry && isRevoked(ledger, jti, now),
    ])
    if (ban !== undefined) return refuse({ code: 'not_admitted', reason: 'banned', field: ban })
    if (revoked) return refuse({ code: 'invalid_evidence', reason: 'enrollment_revoked' })
    const admitted = admit(identity, policy, request, jkt)
    if ('code' in admitted) return refuse(admitted)
    const { role } = admitted
    facts = { ...facts, role: role.name }
    const candidate = { role, imageId: identity.imageId, jkt, madeAt, spent, now }
    const refusal = await recordEnrollment(ledger, identity, known, candidate)
    if (refusal !== undefined) return refuse(refusal)

    const { resource } = request
    const accessToken = await issueToken(options.signingKeys, {
      issuer: options.issuer,
      identity,
      role,
      audience: resource === undefined ? role.token.audience : [resource],
      jti,
      issuedAt,
      jkt,
    })
    return {
      ok: true,
      accessToken,
      tokenType: jkt === undefined ? 'Bearer' : 'DPoP',
      expiresIn: Math.max(0, issuedAt + role.token.lifetimeSeconds - now),
      role: role.name,
      facts: { ...facts, jti },
    }
  } catch (error) {
    if (error instanceof InstanceIdentityError) {
      return refuse({ code: 'invalid_evidence', reason: error.code })
    }
    if (error instanceof LedgerUnavailableError) {
      return refuse({ code: 'unavailable', reason: 'ledger_unavailable' })
    }
    throw error
  }
}

/**
 * Creates an enroller. All state is in the ledger, so any number of enrollers with equal options
 * are one service.
 * @throws RangeError if there are no trust anchors, or challenges would live longer than an hour
 */
export const createEnroller = async (options: EnrollerOptions): Promise<Enroller> => {
  if (options.trustAnchors.length === 0) throw new RangeError('trustAnchors must not be empty')
  const { issuer, signingKeys, challengeKeys, challengeLifetimeSeconds } = options
  if (challengeLifetimeSeconds > MAX_CHALLENGE_LIFETIME_SECONDS) {
    throw new RangeError('challengeLifetimeSeconds must be at most 3600')
  }
  const keys =
    challengeKeys === undefined
      ? await deriveChallengeKeys(signingKeys.secrets)
      : await importChallengeKeys(challengeKeys)
  const challenges: ChallengeOptions = { issuer, keys, lifetimeSeconds: challengeLifetimeSeconds }
  return {
    issuer,
    signingKeys,
    async challenge({ role, jkt }, now) {
      // A ledger whose memory begins in this very second begins with the next one.
      const madeAt = Math.max(now, options.ledger.remembersSince ?? 0)
      const audience = await makeChallenge(challenges, { role, jkt }, madeAt)
      return { audience, expiresIn: challengeLifetimeSeconds }
    },
    enroll: (request, now) => enrollWith(options, challenges, request, now),
  }
}
