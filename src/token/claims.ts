// The claims of an enrollment token, read strictly: what each must be, for every verifier. A signature was verified
// before; whether the token is revoked, and for whom it is, is the caller's to ask.

import { type Result, accept, refuse } from '../base/result.ts'
import { ECS_FIELDS, ECS_FIELD_NAMES, type EcsField } from '../policy/fields.ts'
import type { Members } from './jws.ts'

/** The `acr` of a token whose evidence carried a challenge of this service. */
export const ACR_CHALLENGE = 'urn:rollcall:freshness:challenge'

/** How far another clock may be off, in seconds. */
export const CLOCK_TOLERANCE_SECONDS = 30

/** The `ecs` claim: the attested fields, by the names that policies use. */
export type EcsClaim = Readonly<Record<EcsField, string>>

/** The claims of an enrollment token, or of a token exchanged for one (RFC 7519 section 4.1). */
export type EnrollmentClaims = Members & {
  /** The service that issued it. */
  readonly iss: string
  /** The instance: `acs:ecs:REGION:ACCOUNT:instance/ID`. */
  readonly sub: string
  /** Always a list, also of one. */
  readonly aud: readonly string[]
  /** Unix seconds, like every time. */
  readonly iat: number
  /** From when it is valid: 30 seconds before `iat`. */
  readonly nbf?: number
  /** When it expires. */
  readonly exp: number
  /** Id of the token. */
  readonly jti: string
  /** How fresh the evidence was; always `urn:rollcall:freshness:challenge`. */
  readonly acr: string
  /** The role that the instance enrolled in. */
  readonly role: string
  /** Groups of the role; absent if it has none. */
  readonly groups?: readonly string[]
  /** The key that the token is bound to (RFC 9449 section 6.1). */
  readonly cnf?: {
    /** RFC 7638 thumbprint of the key. */
    readonly jkt: string
  }
  /** The attested fields of the instance. */
  readonly ecs: EcsClaim
  /** Of an exchanged token: `jti` of the enrollment token. */
  readonly enrollment_jti?: string
  /** Of an exchanged token: `iat` of the enrollment token. */
  readonly enrollment_iat?: number
}

/** Why the claims of a token are refused. */
export type ClaimsRefusal =
  /** A claim is missing, or has another shape than this service writes. */
  | 'claims_incomplete'
  /** Another service issued it. */
  | 'issuer_mismatch'
  | 'token_expired'
  /** `iat` or `nbf` is in the future. */
  | 'token_not_yet_valid'
  /** Its evidence carried no challenge of the service. */
  | 'acr_mismatch'
  /** `cnf` says something else than the thumbprint of one key. */
  | 'binding_unknown'

/** What the claims are held against. */
export interface ClaimsExpectation {
  /** The only `iss`. */
  readonly issuer: string
  /** Unix seconds. */
  readonly now: number
  /** How long after `exp` a token is still accepted, in seconds. Default: 0. */
  readonly expiryToleranceSeconds?: number
  /** How far `iat` and `nbf` may be in the future, in seconds. Default: 30. */
  readonly futureToleranceSeconds?: number
}

const SHORT_TEXT = /^[\x21-\x7e]{1,128}$/
const isShortText = (value: unknown): value is string =>
  typeof value === 'string' && SHORT_TEXT.test(value)
/** Whether a claim is a time in Unix seconds, as this service writes it. */
export const isTime = (value: unknown): value is number => Number.isSafeInteger(value)
const isAbsentOr = (is: (value: unknown) => boolean, value: unknown): boolean =>
  value === undefined || is(value)
const isListOfTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string')

const isEcs = (value: unknown): value is EcsClaim =>
  typeof value === 'object' &&
  value !== null &&
  ECS_FIELD_NAMES.every((name) => typeof (value as Members)[name] === 'string')

/** `sub` of an instance, in the form of Alibaba Cloud's resource names. */
export const subjectName = (
  ecs: Pick<EcsClaim, 'region_id' | 'owner_account_id' | 'instance_id'>,
): string => `acs:ecs:${ecs.region_id}:${ecs.owner_account_id}:instance/${ecs.instance_id}`

const isComplete = (claims: Members): claims is EnrollmentClaims => {
  const { sub, aud, iat, nbf, exp, jti, role, groups, ecs } = claims
  const { enrollment_jti: parent, enrollment_iat: enrolledAt } = claims
  return (
    isShortText(jti) &&
    isTime(iat) &&
    isTime(exp) &&
    isAbsentOr(isTime, nbf) &&
    isListOfTexts(aud) &&
    isShortText(role) &&
    isAbsentOr(isListOfTexts, groups) &&
    isEcs(ecs) &&
    sub === subjectName(ecs) &&
    // Both or neither: an exchanged token stands and falls with its enrollment.
    (parent === undefined ? enrolledAt === undefined : isShortText(parent) && isTime(enrolledAt))
  )
}

const isBinding = (cnf: unknown): boolean =>
  typeof cnf === 'object' &&
  cnf !== null &&
  Object.keys(cnf).length === 1 &&
  isShortText((cnf as Members)['jkt'])

/** Reads the claims of a token whose signature was verified. */
export const readEnrollmentClaims = (
  claims: Members,
  {
    issuer,
    now,
    expiryToleranceSeconds = 0,
    futureToleranceSeconds = CLOCK_TOLERANCE_SECONDS,
  }: ClaimsExpectation,
): Result<EnrollmentClaims, ClaimsRefusal> => {
  if (claims['iss'] !== issuer) return refuse('issuer_mismatch')
  if (!isComplete(claims)) return refuse('claims_incomplete')
  const { iat, nbf = iat, exp, acr, cnf } = claims
  if (exp + expiryToleranceSeconds <= now) return refuse('token_expired')
  if (Math.max(iat, nbf) > now + futureToleranceSeconds) return refuse('token_not_yet_valid')
  if (acr !== ACR_CHALLENGE) return refuse('acr_mismatch')
  return isAbsentOr(isBinding, cnf) ? accept(claims) : refuse('binding_unknown')
}

/** What a token stands for: the fields of the instance as identities name them, and the enrollment. */
export type TokenSubject = Readonly<Record<(typeof ECS_FIELDS)[EcsField], string>> & {
  /** `jti` of the token. */
  readonly jti: string
  /** Of an exchanged token: `jti` of the enrollment token. */
  readonly enrollmentJti: string | undefined
  /** Unix seconds: `iat` of the enrollment token. */
  readonly enrolledAt: number
}

/** Reads from a token's claims what it stands for. */
export const tokenSubject = ({ ecs, jti, iat, ...claims }: EnrollmentClaims): TokenSubject => {
  const fields = Object.entries(ECS_FIELDS).map(([name, property]) => [
    property,
    ecs[name as EcsField],
  ])
  return {
    ...(Object.fromEntries(fields) as Record<(typeof ECS_FIELDS)[EcsField], string>),
    jti,
    enrollmentJti: claims.enrollment_jti,
    enrolledAt: claims.enrollment_iat ?? iat,
  }
}
