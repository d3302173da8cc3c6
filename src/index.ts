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

import { WEB_CRYPTO } from './base/crypto.ts'
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
export type { Exchange, TokenBinding } from './policy/exchange.ts'
export type { EcsField } from './policy/fields.ts'
export type { Bytes } from './base/bytes.ts'
export type {
  CryptoPort,
  HashName,
  KeyImport,
  KeyOptions,
  Mac,
  MessageSigner,
  RsaVerifier,
} from './base/crypto.ts'
export type { Awaitable } from './base/lazily.ts'
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
export { type RelyingPartyKey, parseRelyingPartyKeys } from './token/relying-party-keys.ts'
export type { SigningAlgorithm } from './base/crypto.ts'
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
  type LedgerErrorCode,
  type LedgerErrorName,
  LedgerUnavailableError,
  LedgerUnfitError,
} from './base/errors.ts'

/**
 * Verifies the identity document of an ECS instance and its PKCS#7 signature.
 *
 * @param evidence what the instance posted. `pkcs7`: base64 or PEM text, or DER. `document`: as the metadata
 *   service answered it; detached signatures need it, and otherwise it must equal the signed content. Other
 *   members are ignored, so a parsed body can be passed as it is
 * @param options `audience` is required: the nonce that you made for this one request, or `null`
 * @returns the identity, read from the signed bytes alone
 * @throws InstanceIdentityError with the `code` of the check that failed, see {@link InstanceIdentityErrorCode};
 *   `malformed_encoding` also for evidence that does not have this shape
 * @throws TypeError if an option has the wrong type, or `audience` is absent
 * @throws RangeError if `audience` is not `[A-Za-z0-9_-]{1,64}`, `trustAnchors` is empty, or `now` is not in seconds
 * @example
 * ```ts
 * import { InstanceIdentityError, verifyInstanceIdentity } from 'rollcall'
 *
 * // What was posted, and the nonce from your own storage.
 * const posted = { document: '{}', pkcs7: 'bm90IGEgc2lnbmF0dXJl' }
 * const audience = 'b1d6b3a0-5a5e-4a7e-9d0a-6d1f0c2f7a11'
 * try {
 *   const { instanceId } = await verifyInstanceIdentity(posted, { audience })
 *   process.stdout.write(instanceId)
 * } catch (error) {
 *   if (!(error instanceof InstanceIdentityError)) throw error
 *   console.log(error.code) // malformed_der
 * }
 * ```
 * @see https://www.alibabacloud.com/help/en/ecs/user-guide/use-instance-identities
 * @see RFC 5652 (CMS), which PKCS#7 became
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
      crypto: WEB_CRYPTO,
    }),
  )
