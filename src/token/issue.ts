// Enrollment tokens (RFC 7519) and the tokens exchanged for them: the only place where tokens are made.

import type { Exchange } from '../policy/exchange.ts'
import type { Role } from '../policy/policy.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import { ACR_CHALLENGE, type EcsClaim, type EnrollmentClaims, subjectName } from './claims.ts'
import { signJws } from './jws.ts'
import type { SigningKeys } from './signing-keys.ts'

/**
 * How long before its `iat` a token is valid: relying parties' clocks lag, most of their libraries allow
 * no leeway, and a token is used within a second.
 */
const NOT_BEFORE_LEEWAY_SECONDS = 30

/** What a token says. */
export interface TokenContent {
  readonly issuer: string
  readonly identity: InstanceIdentity
  readonly role: Role
  /** The `aud` claim; not empty. */
  readonly audience: readonly string[]
  /** Equal for a retry of the same enrollment. */
  readonly jti: string
  /** Unix seconds. A retry has the time of the first answer. */
  readonly issuedAt: number
  /** Thumbprint of the key that the token is bound to (RFC 9449 section 6.1). */
  readonly jkt?: string | undefined
}

/** Field by field: a claim that grows name by name takes longer to make, and to write as JSON. */
const ecsClaim = (identity: InstanceIdentity): EcsClaim => ({
  owner_account_id: identity.ownerAccountId,
  instance_id: identity.instanceId,
  region_id: identity.regionId,
  zone_id: identity.zoneId,
  instance_type: identity.instanceType,
  image_id: identity.imageId,
  private_ipv4: identity.privateIpv4,
  mac: identity.mac,
  serial_number: identity.serialNumber,
})

/**
 * Makes and signs an enrollment token.
 * @returns the JWT in compact form; equal content gives equal claims
 */
export const issueToken = (
  { signer }: Pick<SigningKeys, 'signer'>,
  { issuer, identity, role, audience, jti, issuedAt, jkt }: TokenContent,
): Promise<string> => {
  const ecs = ecsClaim(identity)
  return signJws(
    'JWT',
    {
      iss: issuer,
      sub: subjectName(ecs),
      aud: audience,
      iat: issuedAt,
      nbf: issuedAt - NOT_BEFORE_LEEWAY_SECONDS,
      exp: issuedAt + role.token.lifetimeSeconds,
      jti,
      acr: ACR_CHALLENGE,
      role: role.name,
      // JSON leaves out what is `undefined`.
      groups: role.token.groups.length > 0 ? role.token.groups : undefined,
      cnf: jkt === undefined ? undefined : { jkt },
      ecs,
    },
    signer,
  )
}

/** What an exchanged token says. */
export interface ChildContent {
  /** The claims of the enrollment token that it is exchanged for. */
  readonly claims: EnrollmentClaims
  readonly entry: Exchange
  /** Its own, new one. */
  readonly jti: string
  /** Unix seconds. */
  readonly issuedAt: number
  /** Unix seconds; not later than `exp` of the enrollment token. */
  readonly expiresAt: number
}

/**
 * Makes and signs a token in exchange for an enrollment token: the same instance and role, one audience. It names the
 * enrollment, so that a revocation of that one reaches it.
 */
export const issueChild = (
  { signer }: Pick<SigningKeys, 'signer'>,
  { claims, entry, jti, issuedAt, expiresAt }: ChildContent,
): Promise<string> => {
  const { iss, sub, acr, role, cnf, ecs } = claims
  return signJws(
    'JWT',
    {
      iss,
      sub,
      aud: [entry.audience],
      iat: issuedAt,
      nbf: issuedAt - NOT_BEFORE_LEEWAY_SECONDS,
      exp: expiresAt,
      jti,
      acr,
      role,
      ...(entry.groups.length > 0 && { groups: entry.groups }),
      ...(entry.binding === 'dpop' && { cnf }),
      enrollment_jti: claims.jti,
      enrollment_iat: claims.iat,
      ecs,
    },
    signer,
  )
}
