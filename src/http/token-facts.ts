// What an audit event says of a token whose signature was verified.

import type { EnrollmentClaims } from '../token/claims.ts'
import type { Facts } from './audit.ts'

/** The role, the instance and the enrollment of a token. */
export const tokenFacts = (claims: EnrollmentClaims): Facts => ({
  role: claims.role,
  instanceId: claims.ecs.instance_id,
  ownerAccountId: claims.ecs.owner_account_id,
  regionId: claims.ecs.region_id,
  imageId: claims.ecs.image_id,
  enrollmentJti: claims.enrollment_jti ?? claims.jti,
})

/** The same and the token's own id, of a token that was shown. Without verified claims nothing is known. */
export const shownTokenFacts = (claims: EnrollmentClaims | undefined): Facts =>
  claims === undefined ? {} : { ...tokenFacts(claims), jti: claims.jti }
