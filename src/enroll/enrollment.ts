// The request and the outcome of an enrollment.

import type { InstanceIdentityError } from '../base/errors.ts'
import { type Result, refuse } from '../base/result.ts'
import type { DecisionReason } from '../policy/decide.ts'
import type { DpopRefusal } from '../token/dpop-proof.ts'
import type { ChallengeRefusal } from './challenge.ts'
import type { FirstUseRefusal, SupersededEvidence } from './first-use.ts'

/** What a client posts to be enrolled. */
export interface EnrollmentRequest {
  /** The identity document, as the metadata service answered it. */
  readonly document: string
  /** The signature: base64 or PEM of a PKCS#7 message. */
  readonly pkcs7: string
  /** The role that the challenge was made for; absent if it has no role. */
  readonly role?: string | undefined
  /** The challenge used; needed for detached content. */
  readonly audience?: string | undefined
  /** The only audience of the token (RFC 8707). Default: all audiences of the role. */
  readonly resource?: string | undefined
  /** The `DPoP` header: a proof (RFC 9449) of the key that the challenge was made for. */
  readonly dpop?: string | undefined
}

/** Why an enrollment was refused, for the operator alone. */
export type EnrollmentReason =
  | InstanceIdentityError['code']
  | ChallengeRefusal
  | DpopRefusal
  | DecisionReason
  | FirstUseRefusal
  | SupersededEvidence
  | 'challenge_before_ledger'
  | 'challenge_spent'
  /** The account, the image or the instance is banned; `field` says which. */
  | 'banned'
  /** The role needs a token that is bound to a key, and no key was proved. */
  | 'key_not_proved'
  | 'resource_not_allowed'
  /** The tokens of the instance were revoked in this second, so a token issued now would be revoked too. */
  | 'revoked_just_now'
  | 'ledger_unavailable'
  /** The ledger holds a value in a format of another release, which this release does not read. */
  | 'ledger_format_unknown'

/**
 * Why an instance is not admitted, in the answer to the client. The answer has a reason only if the evidence has
 * verified and a role names the account. It has none for a banned instance.
 */
export type DisclosedReason =
  /** The role does not exist, or no role matches: the answer does not say which. */
  | 'no_role_matches'
  | 'key_required'
  | 'resource_not_allowed'
  | 'already_enrolled'
  | 'key_changed'
  | 'image_unchanged'

/** The disclosed reason for each reason; every other reason stays undisclosed. */
export const DISCLOSED: Readonly<Partial<Record<EnrollmentReason, DisclosedReason>>> = {
  role_unknown: 'no_role_matches',
  role_not_matched: 'no_role_matches',
  no_role_matches: 'no_role_matches',
  account_not_allowed: 'no_role_matches',
  key_not_proved: 'key_required',
  resource_not_allowed: 'resource_not_allowed',
  already_enrolled: 'already_enrolled',
  key_not_the_first: 'key_changed',
  image_not_new: 'image_unchanged',
}

/** What is known about an enrollment, for the audit event; absent when unknown. Never evidence. */
export interface EnrollmentFacts {
  /** Why the enrollment was refused. */
  readonly reason?: EnrollmentReason | undefined
  /** The role that was asked for, or that matched. */
  readonly role?: string | undefined
  /** The path in the policy of the rule that refused. */
  readonly rule?: string | undefined
  /** The field of the document that did not match, or that a ban names. */
  readonly field?: string | undefined
  /** Id of the instance. */
  readonly instanceId?: string | undefined
  /** Id of the account that owns the instance. */
  readonly ownerAccountId?: string | undefined
  /** Id of its region. */
  readonly regionId?: string | undefined
  /** Id of its image. */
  readonly imageId?: string | undefined
  /** Thumbprint of the key that was proved. */
  readonly jkt?: string | undefined
  /** Id of the token. */
  readonly jti?: string | undefined
  /** Whether this is the repeat of an enrollment that was answered before. */
  readonly retry?: boolean | undefined
  /** Names of fields that the cloud has added to its documents. */
  readonly unknownFields?: readonly string[] | undefined
  /** SHA-256 fingerprint of the certificate that signed, lower-case hex. */
  readonly trustAnchor?: string | undefined
}

/** What a client learns of a refusal: the `code` of the answer. */
export type EnrollmentCode =
  'invalid_evidence' | 'invalid_dpop_proof' | 'not_admitted' | 'unavailable'

/** A refusal: what the answer to the client says, and what the audit event says. */
export interface Refusal {
  /** For the client. */
  readonly code: EnrollmentCode
  /** For the client, beside the code. Absent: the client learns nothing more. */
  readonly disclosed?: DisclosedReason | undefined
  /** For the audit event, like all that follows. */
  readonly reason: EnrollmentReason
  readonly rule?: string | undefined
  readonly field?: string | undefined
  /** Thumbprint of the proved key, if the step that refused has verified the proof. */
  readonly jkt?: string | undefined
}

/**
 * Refuses an instance whose evidence has verified and whose account a role names. The answer discloses what
 * {@link DISCLOSED} has for the reason.
 */
export const notAdmitted = (
  reason: EnrollmentReason,
  where: Pick<Refusal, 'rule' | 'field'> = {},
): Result<never, Refusal> =>
  refuse({ code: 'not_admitted', disclosed: DISCLOSED[reason], reason, ...where })

/** An enrollment that succeeded. */
export interface AdmittedEnrollment {
  /** Tells the two outcomes apart. */
  readonly ok: true
  /** The token, a secret. */
  readonly accessToken: string
  /** `DPoP`: the token is bound to the key that was proved (RFC 9449). `Bearer`: it is bound to none. */
  readonly tokenType: 'Bearer' | 'DPoP'
  /** Seconds until the token expires. */
  readonly expiresIn: number
  /** The role that the instance enrolled in. */
  readonly role: string
  /** Whether the role lets this instance enroll again as it is now. */
  readonly renewable: boolean
  /** What is known of the enrollment, for the audit event. */
  readonly facts: EnrollmentFacts
}

/** An enrollment that was refused, or that failed because the ledger is unreachable. */
export interface RefusedEnrollment {
  /** Tells the two outcomes apart. */
  readonly ok: false
  /** For the client. */
  readonly code: EnrollmentCode
  /** For the client, beside the code. Absent: the client learns nothing more. */
  readonly disclosed?: DisclosedReason | undefined
  /** For the audit event; the client must not see it. */
  readonly facts: RefusalFacts
}

/** What is known about a refused enrollment; its reason is always known. */
export interface RefusalFacts extends EnrollmentFacts {
  /** Why the enrollment was refused. */
  readonly reason: EnrollmentReason
}

/** The outcome of an enrollment. */
export type Enrollment = AdmittedEnrollment | RefusedEnrollment
