// What operators see.

import type { SentAnswer } from '../../base/wire/answers.ts'
import type { Ban } from '../../registry/bans.ts'
import type { EnrolledInstance } from '../../registry/instances.ts'

const time = (seconds: number): number | undefined => (seconds === 0 ? undefined : seconds)

/** An instance as operators see it; members are absent when there is nothing to say. */
export const instanceBody = (it: EnrolledInstance): SentAnswer<'Instance'> => ({
  owner_account_id: it.ownerAccountId,
  region_id: it.regionId,
  instance_id: it.instanceId,
  serial_number: it.serialNumber,
  first_enrolled_at: time(it.firstAt),
  last_enrolled_at: time(it.lastAt),
  enrollments: it.count,
  role: it.role,
  image_id: it.imageId,
  private_ipv4: it.privateIpv4,
  jkt: it.jkt,
  generation: it.generation,
  /** Whether the next enrollment is a first one: after a reset. */
  open: it.jti === undefined,
  revoked_until: time(it.revokedUntil),
})

/** A ban as operators see it. */
export const banBody = ({ kind, value, reason, by, kid, at }: Ban): SentAnswer<'Ban'> => ({
  kind,
  value,
  reason,
  banned_by: by,
  banned_by_kid: kid,
  banned_at: at,
})
