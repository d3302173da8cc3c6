// What the fields and rules of a policy mean. A field or a rule without an entry does not compile.

import type { EcsField } from '../../src/policy/fields.ts'
import type { Reenrollment } from '../../src/policy/policy.ts'

const TEXT = 'exact, or `*` for any run of characters'

/** Each field of `match`: an example, and how its values are compared. */
export const MATCH_FIELDS: Readonly<Record<EcsField, readonly [example: string, value: string]>> = {
  owner_account_id: ['1609123456789012', 'exact digits; **required in every role**'],
  instance_id: ['i-bp1abcdefghijklmnopq', TEXT],
  region_id: ['cn-hangzhou', TEXT],
  zone_id: ['cn-hangzhou-*', TEXT],
  instance_type: ['ecs.g8i.*', TEXT],
  image_id: ['m-bp1abcdefghijklmnopq', TEXT],
  private_ipv4: ['10.0.0.0/8', 'an address, or a block that begins at its network address'],
  mac: ['00:16:3e:*', TEXT],
  serial_number: ['31a3b3c1-cfc2-d8a7-30d6-77385e20489c', TEXT],
}

/** What somebody who can use the metadata service of an instance can do under each rule. */
export const RULE_PROTECTION: Readonly<Record<Reenrollment, string>> = {
  always: 'can enroll as the instance at any time',
  same_key: 'cannot enroll once the node has enrolled with a key that only root can read',
  new_image: 'can enroll after a redeploy, if they are faster than the node',
  never: 'cannot enroll once the node has enrolled',
}
