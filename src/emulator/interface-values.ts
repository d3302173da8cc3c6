// The values of the items of an emulated network interface and of a disk, in the forms that the documentation shows.

import type { EmulatedDisk, EmulatedInstance, EmulatedInterface } from './emulated-instance.ts'
import { type CidrBlock, formatIpv4, gatewayOf, netmaskOf, parseCidr } from '../base/ipv4.ts'
import { ipv6Network } from './draw-interfaces.ts'
import { DISK_ITEMS, INTERFACE_ITEMS, type InterfaceItemName } from '../metadata/items.ts'
import { diskPath, interfacePath } from '../metadata/item-paths.ts'

type Values = [path: string, value: string | undefined][]

// Checked when the instance was made.
const blockOf = (text: string): CidrBlock => parseCidr(text) as CidrBlock

/** The block of the VPC: `2408:4005:3af:1a00::/56` for `2408:4005:3af:1a34::/64`. */
const vpcIpv6Block = (vswitchBlock: string): string => {
  const groups = ipv6Network(vswitchBlock).split(':')
  const last = Number.parseInt(groups.pop() ?? '0', 16) & 0xff00
  return `${[...groups, last.toString(16)].join(':')}::/56`
}

const INTERFACE_VALUES: Readonly<
  Record<
    InterfaceItemName,
    (instance: EmulatedInstance, one: EmulatedInterface) => string | undefined
  >
> = {
  gateway: ({ vswitchCidrBlock }) => formatIpv4(gatewayOf(blockOf(vswitchCidrBlock))),
  netmask: ({ vswitchCidrBlock }) => formatIpv4(netmaskOf(blockOf(vswitchCidrBlock))),
  networkInterfaceId: (_, { networkInterfaceId }) => networkInterfaceId,
  primaryIpAddress: (_, { primaryIpAddress }) => primaryIpAddress,
  privateIpv4s: (_, { primaryIpAddress }) => JSON.stringify([primaryIpAddress]),
  vpcCidrBlock: ({ vpcCidrBlock }) => vpcCidrBlock,
  vpcId: ({ vpcId }) => vpcId,
  vswitchCidrBlock: ({ vswitchCidrBlock }) => vswitchCidrBlock,
  vswitchId: ({ vswitchId }) => vswitchId,
  ipv4Prefixes: (_, { ipv4Prefix }) => ipv4Prefix,
  // No quotes: the documentation shows none here.
  ipv6s: (_, { ipv6Address }) => ipv6Address && `[${ipv6Address}]`,
  ipv6Prefixes: (_, { ipv6Prefix }) => ipv6Prefix,
  ipv6Gateway: ({ vswitchIpv6CidrBlock: block }) =>
    block && `${ipv6Network(block)}:ffff:ffff:ffff:fff7`,
  vswitchIpv6CidrBlock: ({ vswitchIpv6CidrBlock }) => vswitchIpv6CidrBlock,
  vpcIpv6CidrBlocks: ({ vswitchIpv6CidrBlock: block }) => block && `[${vpcIpv6Block(block)}]`,
}

/** Each item of a network interface: its path and its value, which may be unset. */
export const interfaceValues = (instance: EmulatedInstance, one: EmulatedInterface): Values =>
  Object.entries(INTERFACE_VALUES).map(([name, valueOf]) => [
    `${interfacePath(one.mac)}/${INTERFACE_ITEMS[name as InterfaceItemName].path}`,
    valueOf(instance, one),
  ])

/** Each item of a disk. */
export const diskValues = ({ serial, name }: EmulatedDisk): Values => [
  [`${diskPath(serial)}/${DISK_ITEMS.id.path}`, `d-${serial}`],
  [`${diskPath(serial)}/${DISK_ITEMS.name.path}`, name],
]
