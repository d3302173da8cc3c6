// The verifier's word on posted evidence. Codec and verifier throw the face's InstanceIdentityError; from here on
// a refusal is a value.

import { InstanceIdentityError } from '../base/errors.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import { type VerifyEvidenceOptions, verifyEvidence } from '../verify/verify-evidence.ts'
import type { EnrollmentRequest, Refusal } from './enrollment.ts'

/** What the enroller's options say to the verifier. */
export type VerifierOptions = Pick<VerifyEvidenceOptions, 'trustAnchors' | 'allowSha1'>

/**
 * Verifies evidence, for the audience that was posted with it if one was.
 * @param now Unix seconds
 */
export const readEvidence = async (
  { document, pkcs7, audience }: EnrollmentRequest,
  { trustAnchors, allowSha1 }: VerifierOptions,
  now: number,
): Promise<Result<InstanceIdentity, Refusal>> => {
  const demands = { trustAnchors, allowSha1, audience: audience ?? null, now }
  try {
    return accept(await verifyEvidence({ document, pkcs7 }, demands))
  } catch (error) {
    if (!(error instanceof InstanceIdentityError)) throw error
    return refuse({ code: 'invalid_evidence', reason: error.code })
  }
}
