// The fields of an identity as policies and tokens name them, in the order of the `ecs` claim.

import type { IdentityDocument } from '../codec/identity-document.ts'

/** A field that a role can match and that the `ecs` claim contains. */
export type EcsField =
  | 'owner_account_id'
  | 'instance_id'
  | 'region_id'
  | 'zone_id'
  | 'instance_type'
  | 'image_id'
  | 'private_ipv4'
  | 'mac'
  | 'serial_number'

/** Each field's property of the identity. */
export const ECS_FIELDS: Readonly<
  Record<EcsField, Exclude<keyof IdentityDocument, 'audience' | 'unknownFields'>>
> = {
  owner_account_id: 'ownerAccountId',
  instance_id: 'instanceId',
  region_id: 'regionId',
  zone_id: 'zoneId',
  instance_type: 'instanceType',
  image_id: 'imageId',
  private_ipv4: 'privateIpv4',
  mac: 'mac',
  serial_number: 'serialNumber',
}

/** Every field, `owner_account_id` first. */
export const ECS_FIELD_NAMES = /* @__PURE__ */ Object.keys(ECS_FIELDS) as readonly EcsField[]
