// Checks the challenge in the evidence together with the proved key. No downgrade: a challenge that was made for
// a key needs a proof of that key, and a challenge without a key accepts no proof.

import { type Result, accept, refuse } from '../base/result.ts'
import { verifyDpopProof } from '../token/dpop-proof.ts'
import { ENROLL_PATH } from '../base/wire/paths.ts'
import type { Challenge } from '../registry/spend.ts'
import { type ChallengeOptions, checkChallenge } from './challenge.ts'
import type { EnrollmentRequest, Refusal } from './enrollment.ts'

/** A challenge of this service that has not expired, and the thumbprint of the proved key, if any. */
export interface BoundChallenge {
  readonly challenge: Challenge
  /** Unix seconds at which it was made. */
  readonly madeAt: number
  readonly jkt: string | undefined
}

/**
 * Whether a challenge was made for another key than the proved one. That is so if it is not for this role without
 * a key, not for this key without a role, and not without both. The policy plays no part: a client that may not
 * enroll must not learn from the answer which roles exist.
 */
const isForAnotherKey = (
  { purposes }: ChallengeOptions,
  role: string | undefined,
  audience: string,
  jkt: string,
): boolean =>
  ![{ role }, { jkt }, {}].some((purpose) => audience.startsWith(purposes.prepare(purpose).name))

/**
 * Checks the challenge that evidence carries, and the proof that came with it.
 * @param audience of the verified evidence; absent: the evidence has no challenge
 * @param now Unix seconds
 * @returns the challenge; a refusal has the key as well, if its proof verified
 */
export const checkBoundChallenge = async (
  challenges: ChallengeOptions,
  { role, dpop }: Pick<EnrollmentRequest, 'role' | 'dpop'>,
  audience: string | undefined,
  now: number,
): Promise<Result<BoundChallenge, Refusal>> => {
  if (audience === undefined) {
    return refuse({ code: 'invalid_evidence', reason: 'audience_mismatch' })
  }
  const { purposes, lifetimeSeconds } = challenges
  let jkt: string | undefined
  if (dpop !== undefined) {
    const expected = { method: 'POST', uri: purposes.issuer + ENROLL_PATH, nonce: audience }
    const proof = await verifyDpopProof(dpop, expected)
    if (!proof.ok) return refuse({ code: 'invalid_dpop_proof', reason: proof.refusal })
    jkt = proof.value.jkt
  }
  const challenge = await checkChallenge(challenges, audience, { role, jkt }, now)
  if (challenge.ok) {
    const madeAt = challenge.value.expiresAt - lifetimeSeconds
    return accept({ challenge: challenge.value, madeAt, jkt })
  }
  const reason = challenge.refusal
  const isForThisKey = jkt === undefined || !isForAnotherKey(challenges, role, audience, jkt)
  return reason !== 'challenge_for_another' || isForThisKey
    ? refuse({ code: 'invalid_evidence', reason, jkt })
    : refuse({ code: 'invalid_dpop_proof', reason: 'dpop_key_not_of_challenge', jkt })
}
