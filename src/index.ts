// The library's face: what verification, policy and enrollment offer, with the defaults filled in.
// No logic of its own.

import type { InstanceIdentity } from './verify/instance-identity.ts'
import { ALIBABA_CLOUD_TRUST_ANCHORS } from './verify/alibaba-cloud.ts'
import type { TrustAnchor } from './verify/trust-anchor.ts'
import { type Evidence, verifyEvidence } from './verify/verify-evidence.ts'

export { ALIBABA_CLOUD_TRUST_ANCHORS } from './verify/alibaba-cloud.ts'
export type { InstanceIdentity } from './verify/instance-identity.ts'
export { type TrustAnchor, parseTrustAnchors } from './verify/trust-anchor.ts'
export type { Evidence } from './verify/verify-evidence.ts'
export { type Enroller, type EnrollerOptions, createEnroller } from './enroll/enroller.ts'
export type {
  Enrollment,
  EnrollmentFacts,
  EnrollmentReason,
  EnrollmentRequest,
} from './enroll/enrollment.ts'
export { type Decision, type DecisionReason, decide } from './policy/decide.ts'
export {
  type Binding,
  type Policy,
  type Reenrollment,
  type Role,
  parsePolicy,
} from './policy/policy.ts'
export { type AdminKey, type OperatorScope, parseAdminKeys } from './token/admin-keys.ts'
export type { PublicKey } from './token/public-key.ts'
export { type SigningKeys, parseSigningKeys } from './token/signing-keys.ts'
export type { Ledger, LedgerEntry, LedgerPage, Swap } from './ledger/ledger.ts'
export {
  ConfigurationError,
  InstanceIdentityError,
  type InstanceIdentityErrorCode,
  LedgerUnavailableError,
  LedgerUnfitError,
} from './errors.ts'

/** How evidence is judged by {@link verifyInstanceIdentity}. */
export interface VerifyInstanceIdentityOptions {
  /** Default: {@link ALIBABA_CLOUD_TRUST_ANCHORS}. */
  readonly trustAnchors?: readonly TrustAnchor[]
  /** Unix seconds, for the validity of trust anchors. Default: the clock. */
  readonly now?: number
  /** Whether SHA-1 is accepted. Default: true, since ECS signs with it. */
  readonly allowSha1?: boolean
}

/**
 * Verifies the identity document of an ECS instance and its PKCS#7 signature.
 *
 * @param evidence `pkcs7` as text in any form that clients post or as DER; `document` as the metadata
 *   service answered it (needed for detached signatures, else compared with what was signed);
 *   `audience`, the exact value demanded: **without it no freshness is checked**, and one captured
 *   signature stays good until the trust anchor expires
 * @returns the identity, read from the signed bytes alone
 * @throws InstanceIdentityError with the `code` of the check that refused
 * @throws RangeError if `trustAnchors` is empty
 *
 * @example
 * ```ts
 * const identity = await verifyInstanceIdentity({ pkcs7, audience: 'a-nonce-of-yours' })
 * console.log(identity.ownerAccountId, identity.instanceId)
 * ```
 */
export const verifyInstanceIdentity = (
  evidence: Evidence,
  options: VerifyInstanceIdentityOptions = {},
): Promise<InstanceIdentity> =>
  verifyEvidence(evidence, {
    trustAnchors: options.trustAnchors ?? ALIBABA_CLOUD_TRUST_ANCHORS,
    now: options.now ?? Math.floor(Date.now() / 1000),
    allowSha1: options.allowSha1 ?? true,
  })
