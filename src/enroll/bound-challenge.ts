// The challenge that evidence carries, together with the key that it binds to: both are right, or the
// evidence is refused. No downgrade: a challenge made for a key needs that key's proof, and one made
// for none takes none.

import { verifyDpopProof } from '../token/dpop-proof.ts'
import { audienceName } from '../base/wire/audience-name.ts'
import { ENROLL_PATH } from '../base/wire/paths.ts'
import type { Challenge } from '../registry/spend.ts'
import { type ChallengeOptions, checkChallenge } from './challenge.ts'
import type { EnrollmentRequest, Refusal } from './enrollment.ts'

/** A challenge of ours, in time, and the thumbprint of the key that was proved, if one was. */
export interface BoundChallenge {
  readonly challenge: Challenge
  /** Unix seconds at which it was made. */
  readonly madeAt: number
  readonly jkt: string | undefined
}

/** A challenge that is refused. The key is known all the same if its proof verified. */
export interface RefusedChallenge {
  readonly refusal: Refusal
  readonly jkt: string | undefined
}

/**
 * Whether a challenge is neither for no key nor for no role: then, as far as anybody can tell from it, it
 * was made for another key than the one proved. The policy is not asked: whoever may not enroll must not
 * find out by this which roles there are.
 */
const isForAnotherKey = (
  issuer: string,
  role: string | undefined,
  audience: string,
  jkt: string,
): boolean =>
  ![{ role }, { jkt }, {}].some((purpose) => audience.startsWith(audienceName(issuer, purpose)))

/**
 * Checks the challenge that evidence carries, and the proof that came with it.
 * @param audience of the verified evidence
 * @param now Unix seconds
 */
export const checkBoundChallenge = async (
  challenges: ChallengeOptions,
  { role, dpop }: Pick<EnrollmentRequest, 'role' | 'dpop'>,
  audience: string,
  now: number,
): Promise<BoundChallenge | RefusedChallenge> => {
  let jkt: string | undefined
  const refuse = (code: Refusal['code'], reason: Refusal['reason']): RefusedChallenge => ({
    refusal: { code, reason },
    jkt,
  })
  if (dpop !== undefined) {
    const uri = challenges.issuer + ENROLL_PATH
    const proof = await verifyDpopProof(dpop, { method: 'POST', uri, nonce: audience })
    if (!proof.ok) return refuse('invalid_dpop_proof', proof.refusal)
    jkt = proof.value.jkt
  }
  const challenge = await checkChallenge(challenges, audience, { role, jkt }, now)
  if (challenge === 'challenge_for_another' && jkt !== undefined) {
    if (isForAnotherKey(challenges.issuer, role, audience, jkt)) {
      return refuse('invalid_dpop_proof', 'dpop_key_not_of_challenge')
    }
  }
  if (typeof challenge === 'string') return refuse('invalid_evidence', challenge)
  const madeAt = challenge.expiresAt - challenges.lifetimeSeconds
  return { challenge, madeAt, jkt }
}
