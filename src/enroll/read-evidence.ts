// Verifies posted evidence. Codec and verifier throw InstanceIdentityError, which is public; from here on a refusal
// is a value.

import { InstanceIdentityError } from '../base/errors.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import { type VerifyEvidenceOptions, verifyEvidence } from '../verify/verify-evidence.ts'
import type { EnrollmentRequest, Refusal } from './enrollment.ts'

/** The options of the enroller that the verifier takes. */
export type VerifierOptions = Pick<VerifyEvidenceOptions, 'trustAnchors' | 'allowSha1' | 'crypto'>

/**
 * Verifies evidence, for the posted audience if there is one.
 * @param now Unix seconds
 */
export const readEvidence = async (
  { document, pkcs7, audience }: EnrollmentRequest,
  { trustAnchors, allowSha1, crypto }: VerifierOptions,
  now: number,
): Promise<Result<InstanceIdentity, Refusal>> => {
  const demands = { trustAnchors, allowSha1, crypto, audience: audience ?? null, now }
  try {
    return accept(await verifyEvidence({ document, pkcs7 }, demands))
  } catch (error) {
    if (!(error instanceof InstanceIdentityError)) throw error
    return refuse({ code: 'invalid_evidence', reason: error.code })
  }
}
