// The items of an emulated instance, by path below a version, and the listings of folders. What was
// never set (a public address, a key pair, user data) is not here, and answers 404 as on ECS.

import type { EmulatedInstance } from './instance.ts'

/** The identity document. */
export const DOCUMENT_PATH = 'dynamic/instance-identity/document'
/** Its signature, which is made when it is asked for. */
export const PKCS7_PATH = 'dynamic/instance-identity/pkcs7'

const below = (folder: string, items: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(items).map(([name, value]) => [`${folder}/${name}`, value]))

/** Every item's value by its path; all but {@link PKCS7_PATH}. The values agree with the document. */
export const itemsOf = (instance: EmulatedInstance): ReadonlyMap<string, string> => {
  const { document, vpcId, vswitchId, vswitchCidrBlock } = instance
  const field = (name: string): string => document[name] as string
  const mac = field('mac')
  const network = {
    'vpc-cidr-block': '10.0.0.0/8',
    'vpc-id': vpcId,
    'vswitch-cidr-block': vswitchCidrBlock,
    'vswitch-id': vswitchId,
  }
  const networkInterface = {
    ...network,
    gateway: vswitchCidrBlock.replace('.0/24', '.253'),
    netmask: '255.255.255.0',
    'network-interface-id': instance.networkInterfaceId,
    'primary-ip-address': field('private-ipv4'),
    'private-ipv4s': JSON.stringify([field('private-ipv4')]),
  }
  const metaData = {
    ...network,
    ...below(`network/interfaces/macs/${mac}`, networkInterface),
    'dns-conf/nameservers': '100.100.2.136\n100.100.2.138',
    hostname: instance.hostname,
    'image-id': field('image-id'),
    'instance-id': instance.instanceId,
    'instance/instance-type': field('instance-type'),
    mac,
    'network-type': 'vpc',
    'ntp-conf/ntp-servers': 'ntp1.aliyun.com\nntp2.aliyun.com',
    'owner-account-id': instance.ownerAccountId,
    'private-ipv4': field('private-ipv4'),
    'region-id': field('region-id'),
    'serial-number': field('serial-number'),
    'zone-id': field('zone-id'),
  }
  return new Map(
    Object.entries({ [DOCUMENT_PATH]: JSON.stringify(document), ...below('meta-data', metaData) }),
  )
}

/**
 * The listing of a folder: sorted names, one a line, folders with a slash at the end.
 * @param paths of all items
 * @param folder without a slash at the end; empty for the top
 * @returns `undefined` if nothing is below
 */
export const listFolder = (paths: Iterable<string>, folder: string): string | undefined => {
  const prefix = folder === '' ? '' : `${folder}/`
  const names = new Set<string>()
  for (const path of paths) {
    if (!path.startsWith(prefix)) continue
    const [name = '', ...inside] = path.slice(prefix.length).split('/')
    names.add(inside.length > 0 ? `${name}/` : name)
  }
  return names.size > 0 ? [...names].toSorted().join('\n') : undefined
}
