// A description of an instance that has every known item (`allItems`).

import { concatBytes, toBase64, utf8 } from '../base/bytes.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { InstanceDescription } from './instance-description.ts'
import { ITEMS } from '../metadata/items.ts'

const KEY_TYPE = 'ssh-ed25519'

/** A string of the SSH protocol (RFC 4251 section 5), shorter than 256 bytes. */
const sshString = (bytes: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(0, 0, 0, bytes.length), bytes)

/** A line of `authorized_keys` whose private key nobody has. */
const drawPublicKey = (random: SeededRandom): string => {
  const key = Uint8Array.from({ length: 32 }, () => random.below(256))
  return `${KEY_TYPE} ${toBase64(concatBytes(sshString(utf8(KEY_TYPE)), sshString(key)))} emulated`
}

/** Describes an instance with every item. */
export const describeAllItems = (random: SeededRandom): InstanceDescription => ({
  'network-interfaces': 2,
  eipv4: `47.${96 + random.below(8)}.${random.below(256)}.${1 + random.below(254)}`,
  'vswitch-ipv6-cidr-block': `2408:4005:${(256 + random.below(3840)).toString(16)}:1a04::/64`,
  prefixes: true,
  'public-keys': [drawPublicKey(random)],
  'key-pair-id': 'EmulatedKeyPair',
  disks: [{ name: 'system' }, { name: 'data' }],
  tags: { Name: 'emulated', 'Patch Group': 'a', 'k8s.io/cluster/c1': 'owned', 环境: '测试' },
  'user-data': '#!/bin/sh\necho "emulated user data"\n',
  'ram-roles': ['EmulatedRole'],
  'spot-termination': {},
  'system-events': [{ type: 'SystemMaintenance.Reboot' }],
  items: {
    [ITEMS.marketplaceProductCode.path]: 'cmjj010000',
    [ITEMS.marketplaceChargeType.path]: 'PrePaid',
    [ITEMS.hibernationConfigured.path]: 'false',
    [ITEMS.subPrivateIpv4s.path]: '',
    [ITEMS.vendorData.path]: '#cloud-config\n{}\n',
    [ITEMS.kmsServer.path]: 'kms.cloud.aliyuncs.com',
    [ITEMS.updateServer.path]: 'http://update.cloud.aliyuncs.com',
    [ITEMS.updateStatusServer.path]: 'http://update.cloud.aliyuncs.com',
  },
})
