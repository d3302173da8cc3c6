// Makes the network interfaces of an emulated instance. Their addresses are free in its vSwitch.
// They have IPv6 and prefixes if the description has them.

import type { EmulatedInterface } from './emulated-instance.ts'
import type { InstanceDescription } from './instance-description.ts'
import { type CidrBlock, formatIpv4, parseCidr, usableAddress, usableCount } from '../base/ipv4.ts'
import { ALPHANUMERIC, HEX, type SeededRandom } from './seeded-random.ts'

/** Whether another instance has an address. */
export type IsTaken = (address: string) => boolean

const PREFIX_SIZE = 16

/** The drawn part of an id. */
export const drawSuffix = (random: SeededRandom): string => `bp1${random.text(ALPHANUMERIC, 17)}`

/** A MAC of the cloud. */
export const drawMac = (random: SeededRandom): string =>
  `00:16:3e:${[2, 2, 2].map((length) => random.text(HEX, length)).join(':')}`

/** The drawn address, or the next free one. If no address is free, the drawn one. */
export const drawAddress = (random: SeededRandom, block: CidrBlock, isTaken: IsTaken): string => {
  const count = usableCount(block)
  const drawn = random.below(Math.min(count, 65_536))
  const at = (index: number): string => formatIpv4(usableAddress(block, index % count))
  for (let i = 0; i < count; i++) if (!isTaken(at(drawn + i))) return at(drawn + i)
  return at(drawn)
}

/** A group of an IPv6 address, in its shortest form. */
const drawGroup = (random: SeededRandom): string => (1 + random.below(65_535)).toString(16)

/** The four groups of `2408:4005:3af:1a00::/64`. */
export const ipv6Network = (block: string): string => block.replace(/::\/64$/, '')

/**
 * IPv6 and prefixes as described. Prefixes are made up, and may overlap the prefixes of other
 * instances.
 */
const drawMore = (
  random: SeededRandom,
  vswitchBlock: string,
  { 'vswitch-ipv6-cidr-block': ipv6Block, prefixes }: InstanceDescription,
): Pick<EmulatedInterface, 'ipv6Address' | 'ipv4Prefix' | 'ipv6Prefix'> => {
  const { base, prefix } = parseCidr(vswitchBlock) as CidrBlock
  const network = ipv6Block === undefined ? undefined : ipv6Network(ipv6Block)
  const groups = (count: number): string =>
    Array.from({ length: count }, () => drawGroup(random)).join(':')
  return {
    ipv6Address: network && `${network}:${groups(4)}`,
    ipv4Prefix: prefixes
      ? `${formatIpv4(base + PREFIX_SIZE * random.below(2 ** (32 - prefix) / PREFIX_SIZE))}/28`
      : undefined,
    ipv6Prefix: prefixes && network ? `${network}:${groups(1)}::/80` : undefined,
  }
}

/** Makes the interfaces. @param first the described values of the first one */
export const drawInterfaces = (
  random: SeededRandom,
  first: EmulatedInterface,
  vswitchBlock: string,
  description: InstanceDescription,
  isTaken: IsTaken,
): readonly EmulatedInterface[] => {
  const block = parseCidr(vswitchBlock) as CidrBlock
  const interfaces = [first]
  const isMine = (address: string): boolean =>
    interfaces.some(({ primaryIpAddress }) => primaryIpAddress === address)
  while (interfaces.length < (description['network-interfaces'] ?? 1)) {
    interfaces.push({
      mac: drawMac(random),
      networkInterfaceId: `eni-${drawSuffix(random)}`,
      primaryIpAddress: drawAddress(
        random,
        block,
        (address) => isTaken(address) || isMine(address),
      ),
    })
  }
  return interfaces.map((one) => ({ ...one, ...drawMore(random, vswitchBlock, description) }))
}
