// Introspection (RFC 7662): whether a token of ours is good now, everything that is remembered asked.

import { type Result, refuse } from '../base/result.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { PublishedKeys } from '../token/signing-keys.ts'
import { type Claims, type TokenRefusal, verifyToken } from '../token/verify.ts'
import { findBan } from '../registry/bans.ts'
import { decodeRecords, instanceKey, recordOf } from '../registry/instance-record.ts'
import { isForgotten } from '../registry/forgotten.ts'
import { settle } from '../registry/settle.ts'
import { isRevoked } from '../registry/revocation.ts'

/** What introspection looks at. */
export interface IntrospectionOptions {
  readonly issuer: string
  /** The keys that our tokens are signed with. */
  readonly published: Pick<PublishedKeys, 'publicKeys'>
  readonly ledger: Ledger
}

/** Why a token is not active; the caller is told no more than that. */
export type IntrospectionRefusal =
  | TokenRefusal
  /** It was revoked alone, or with all tokens of its instance. */
  | 'token_revoked'
  /** Its account, image or instance is banned. */
  | 'banned'
  /** It was issued before the ledger began: a revocation or a ban of then may be lost. */
  | 'token_before_ledger'

/** The `ecs` claim of a token, as far as it is used here. */
type EcsClaim = Readonly<
  Record<'owner_account_id' | 'region_id' | 'instance_id' | 'image_id' | 'serial_number', string>
>

/**
 * Introspects a token.
 * @param now Unix seconds
 * @returns its claims if it is one of ours, in time, not older than the ledger, not revoked, and its instance
 *   isn't banned
 * @throws LedgerUnavailableError
 */
export const introspect = async (
  { issuer, published, ledger }: IntrospectionOptions,
  token: string,
  now: number,
): Promise<Result<Claims, IntrospectionRefusal>> => {
  const verified = await verifyToken(published, issuer, token, now)
  if (!verified.ok) return verified
  const claims = verified.value
  const ecs = claims['ecs'] as EcsClaim
  const identity = {
    ownerAccountId: ecs.owner_account_id,
    regionId: ecs.region_id,
    instanceId: ecs.instance_id,
    imageId: ecs.image_id,
  }
  const [revoked, banned, records] = await settle([
    isRevoked(ledger, claims.jti, now),
    findBan(ledger, identity, now),
    ledger.read(instanceKey(identity), now),
  ])
  // After the reads: they may have come from a ledger that began meanwhile.
  if (isForgotten(ledger, claims.iat)) return refuse('token_before_ledger')
  const { revokedUntil } = recordOf(decodeRecords(records), ecs.serial_number)
  if (revoked || claims.iat <= revokedUntil) return refuse('token_revoked')
  return banned === undefined ? verified : refuse('banned')
}
