// The metadata items of an emulated instance, by path below a version, and the listings of folders.
// What was never set is not here, and answers 404 as on ECS.

import type { EmulatedInstance } from './instance.ts'

/** Every item's value by its path. */
export const itemsOf = (instance: EmulatedInstance): ReadonlyMap<string, string> => {
  const { document } = instance
  const field = (name: string): string => document[name] as string
  const mac = field('mac')
  const gateway = instance.vswitchCidrBlock.replace('.0/24', '.253')
  const network = {
    'network-interface-id': instance.networkInterfaceId,
    netmask: '255.255.255.0',
    'vswitch-cidr-block': instance.vswitchCidrBlock,
    'vpc-cidr-block': '10.0.0.0/8',
    'private-ipv4s': JSON.stringify([field('private-ipv4')]),
    'vswitch-id': instance.vswitchId,
    'vpc-id': instance.vpcId,
    'primary-ip-address': field('private-ipv4'),
    gateway,
  }
  const metaData = {
    'dns-conf/nameservers': '100.100.2.136\n100.100.2.138',
    hostname: instance.hostname,
    'image-id': field('image-id'),
    'instance-id': instance.instanceId,
    'instance/instance-type': field('instance-type'),
    mac,
    'network-type': 'vpc',
    ...Object.fromEntries(
      Object.entries(network).map(([name, value]) => [
        `network/interfaces/macs/${mac}/${name}`,
        value,
      ]),
    ),
    'ntp-conf/ntp-servers': 'ntp1.aliyun.com\nntp2.aliyun.com',
    'owner-account-id': instance.ownerAccountId,
    'private-ipv4': field('private-ipv4'),
    'region-id': field('region-id'),
    'serial-number': field('serial-number'),
    'vpc-cidr-block': network['vpc-cidr-block'],
    'vpc-id': instance.vpcId,
    'vswitch-cidr-block': instance.vswitchCidrBlock,
    'vswitch-id': instance.vswitchId,
    'zone-id': field('zone-id'),
  }
  return new Map(Object.entries(metaData).map(([path, value]) => [`meta-data/${path}`, value]))
}

/** The listing of a folder, a name a line, folders with a slash; `undefined` if there is none. */
export const listFolder = (paths: Iterable<string>, folder: string): string | undefined => {
  const names = new Set<string>()
  for (const path of paths) {
    if (!path.startsWith(folder)) continue
    const [name = '', ...below] = path.slice(folder.length).split('/')
    names.add(below.length > 0 ? `${name}/` : name)
  }
  return names.size > 0 ? [...names].join('\n') : undefined
}
