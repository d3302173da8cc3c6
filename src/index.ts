/**
 * The library's face: what verification, policy and enrollment offer, with the defaults filled in.
 * No logic of its own.
 *
 * @example
 * ```ts
 * import { parseTrustAnchors, verifyInstanceIdentity } from 'rollcall'
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { createMetadataClient } from 'rollcall/metadata'
 *
 * // You make a nonce for one instance and store it for five minutes. It is good once.
 * const nonce = crypto.randomUUID()
 *
 * // The instance gets evidence for the nonce. On ECS it leaves `fetch` out.
 * const emulator = await createMetadataEmulator()
 * const metadata = createMetadataClient({ fetch: emulator.fetch })
 * const { document, pkcs7 } = await metadata.evidence({ audience: nonce })
 *
 * // You verify what it posts. The default trust anchors are those of Alibaba Cloud.
 * const trustAnchors = await parseTrustAnchors(emulator.certificatePem)
 * const identity = await verifyInstanceIdentity(
 *   { document, pkcs7 },
 *   { audience: nonce, trustAnchors },
 * )
 * console.log(identity.instanceId === emulator.instances[0]?.instanceId) // true
 * ```
 * @module rollcall
 */

import type { InstanceIdentity } from './verify/instance-identity.ts'
import { ALIBABA_CLOUD_TRUST_ANCHORS } from './verify/alibaba-cloud.ts'
import { type EvidenceInput, verifyEvidence } from './verify/verify-evidence.ts'
import { type VerifyInstanceIdentityOptions, readVerifyOptions } from './verify/verify-options.ts'

export { ALIBABA_CLOUD_TRUST_ANCHORS } from './verify/alibaba-cloud.ts'
export type { InstanceIdentity } from './verify/instance-identity.ts'
export { type TrustAnchor, parseTrustAnchors } from './verify/trust-anchor.ts'
export type { EvidenceInput } from './verify/verify-evidence.ts'
export type { VerifyInstanceIdentityOptions } from './verify/verify-options.ts'
export {
  type Enroller,
  type EnrollerOptions,
  type IssuedChallenge,
  createEnroller,
} from './enroll/enroller.ts'
export type {
  AdmittedEnrollment,
  DisclosedReason,
  Enrollment,
  EnrollmentCode,
  EnrollmentFacts,
  EnrollmentReason,
  EnrollmentRequest,
  RefusalFacts,
  RefusedEnrollment,
} from './enroll/enrollment.ts'
export type { ChallengePurpose } from './base/wire/audience-name.ts'
export type { ChallengeRefusal } from './enroll/challenge.ts'
export type { FirstUseRefusal, SupersededEvidence } from './enroll/first-use.ts'
export type { DpopRefusal } from './token/dpop-proof.ts'
export type { EcsField } from './policy/fields.ts'
export type { Bytes } from './base/bytes.ts'
export {
  type Admission,
  type Decision,
  type DecisionReason,
  type Denial,
  decide,
} from './policy/decide.ts'
export {
  type Binding,
  type Policy,
  type Reenrollment,
  type Role,
  type RoleMatch,
  type RoleToken,
  parsePolicy,
} from './policy/policy.ts'
export { type OperatorKey, type OperatorScope, parseOperatorKeys } from './token/operator-keys.ts'
export type { TokenAlgorithmName } from './token/algorithms.ts'
export type { PublicKey } from './token/public-key.ts'
export {
  type PublicJwk,
  type PublicJwks,
  type PublishedKeys,
  type SigningKeys,
  parseSigningKeys,
} from './token/signing-keys.ts'
export type {
  Ledger,
  LedgerEntry,
  LedgerPage,
  ListedEntry,
  LostSwap,
  StoredSwap,
  Swap,
} from './ledger/ledger.ts'
export {
  ConfigurationError,
  InstanceIdentityError,
  type InstanceIdentityErrorCode,
  LedgerUnavailableError,
  LedgerUnfitError,
} from './base/errors.ts'

/**
 * Verifies the identity document of an ECS instance and its PKCS#7 signature.
 *
 * @param evidence what the instance posted: `pkcs7` as text in any form that clients post, or as DER;
 *   `document` as the metadata service answered it (needed for detached signatures, else compared with
 *   what was signed). Nothing else in it is looked at, so a parsed body may be passed as it is
 * @param options `audience` is required: the nonce that you made for this one request, or `null`
 * @returns the identity, read from the signed bytes alone
 * @throws InstanceIdentityError with the `code` of the check that refused; `malformed_encoding` also for
 *   evidence that is not of this shape
 * @throws TypeError for an option of the wrong type, or `audience` left out
 * @throws RangeError for an `audience` that no document can carry, no trust anchors, or a `now` that is
 *   not in seconds
 * @see https://www.alibabacloud.com/help/en/ecs/user-guide/use-instance-identities
 */
export const verifyInstanceIdentity = async (
  evidence: EvidenceInput,
  options: VerifyInstanceIdentityOptions,
): Promise<InstanceIdentity> =>
  verifyEvidence(
    evidence,
    readVerifyOptions(options, {
      trustAnchors: ALIBABA_CLOUD_TRUST_ANCHORS,
      now: Math.floor(Date.now() / 1000),
      allowSha1: true,
    }),
  )
