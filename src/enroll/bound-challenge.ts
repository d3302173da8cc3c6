// The challenge that evidence carries, together with the key that it binds to: both are right, or the
// evidence is refused. No downgrade: a challenge made for a key needs that key's proof, and one made
// for none takes none.

import type { Policy } from '../policy/policy.ts'
import { verifyDpopProof } from '../token/dpop-proof.ts'
import { audienceName } from './audience.ts'
import { type Challenge, type ChallengeOptions, checkChallenge } from './challenge.ts'
import type { EnrollmentRequest, Refusal } from './enrollment.ts'

/** A challenge of ours, in time, and the thumbprint of the key that was proved, if one was. */
export interface BoundChallenge {
  readonly challenge: Challenge
  readonly jkt: string | undefined
}

/** What this looks at. */
export interface BoundChallengeOptions {
  readonly challenges: ChallengeOptions
  readonly policy: Policy
  /** Unix seconds since when the ledger remembers. */
  readonly remembersSince: number
}

/** Where enrollments are posted; `htu` of a proof is the issuer with this behind it. */
export const ENROLL_PATH = '/v1/enroll'

/**
 * Whether a challenge is for no other role, nor for no key: then, as far as anybody can tell from it,
 * it was made for another key than the one proved.
 */
const isForAnotherKey = (
  { challenges: { issuer }, policy }: BoundChallengeOptions,
  audience: string,
  jkt: string,
): boolean => {
  const roles = [undefined, ...policy.roles.map(({ name }) => name)]
  const others = roles.flatMap((role) => [{ role }, { role, jkt }])
  return !others.some((purpose) => audience.startsWith(audienceName(issuer, purpose)))
}

/**
 * Checks the challenge that evidence carries, and the proof that came with it.
 * @param audience of the verified evidence
 * @param now Unix seconds
 */
export const checkBoundChallenge = async (
  options: BoundChallengeOptions,
  { role, dpop }: Pick<EnrollmentRequest, 'role' | 'dpop'>,
  audience: string,
  now: number,
): Promise<BoundChallenge | Refusal> => {
  const { challenges, remembersSince } = options
  let jkt: string | undefined
  if (dpop !== undefined) {
    const uri = challenges.issuer + ENROLL_PATH
    const proof = await verifyDpopProof(dpop, { method: 'POST', uri, nonce: audience })
    if (typeof proof === 'string') return { code: 'invalid_dpop_proof', reason: proof }
    jkt = proof.jkt
  }
  const challenge = await checkChallenge(challenges, audience, { role, jkt }, now)
  if (challenge === 'challenge_for_another' && jkt !== undefined) {
    if (isForAnotherKey(options, audience, jkt)) {
      return { code: 'invalid_dpop_proof', reason: 'dpop_key_not_of_challenge' }
    }
  }
  if (typeof challenge === 'string') return { code: 'invalid_evidence', reason: challenge }
  if (challenge.expiresAt - challenges.lifetimeSeconds < remembersSince) {
    return { code: 'invalid_evidence', reason: 'challenge_before_ledger' }
  }
  return { challenge, jkt }
}
