// The enrollment token (RFC 7519): the only place where tokens are made.

import { ECS_FIELDS } from '../policy/fields.ts'
import type { Role } from '../policy/policy.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import { signJws } from './jws.ts'
import type { SigningKeys } from './signing-keys.ts'

/** The `acr` of a token whose evidence carried a challenge of this service. */
export const ACR_CHALLENGE = 'urn:rollcall:freshness:challenge'

/**
 * How long before it was issued a token is good: relying parties' clocks lag, most of their libraries allow
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
  /** Unix seconds; a retry's is that of the first answer. */
  readonly issuedAt: number
  /** Thumbprint of the key that the token is bound to (RFC 9449 section 6.1). */
  readonly jkt?: string | undefined
}

/** `sub`: the instance, in the form of Alibaba Cloud's resource names. */
const subjectOf = ({ regionId, ownerAccountId, instanceId }: InstanceIdentity): string =>
  `acs:ecs:${regionId}:${ownerAccountId}:instance/${instanceId}`

const ecsClaim = (identity: InstanceIdentity): Record<string, string> =>
  Object.fromEntries(
    Object.entries(ECS_FIELDS).map(([name, property]) => [name, identity[property]]),
  )

/**
 * Makes and signs an enrollment token.
 * @returns the JWT in compact form; equal content gives equal claims
 */
export const issueToken = (
  { signer }: Pick<SigningKeys, 'signer'>,
  { issuer, identity, role, audience, jti, issuedAt, jkt }: TokenContent,
): Promise<string> =>
  signJws(
    'JWT',
    {
      iss: issuer,
      sub: subjectOf(identity),
      aud: audience,
      iat: issuedAt,
      nbf: issuedAt - NOT_BEFORE_LEEWAY_SECONDS,
      exp: issuedAt + role.token.lifetimeSeconds,
      jti,
      acr: ACR_CHALLENGE,
      role: role.name,
      ...(role.token.groups.length > 0 && { groups: role.token.groups }),
      ...(jkt !== undefined && { cnf: { jkt } }),
      ecs: ecsClaim(identity),
    },
    signer,
  )
