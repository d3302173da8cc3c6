// Makes one emulated instance: described values are used, the others are drawn. Regions, zones and
// types are real ones. All values of an instance agree; a description that contradicts itself is
// refused.

import { fromBase64 } from '../base/bytes.ts'
import {
  type IsTaken,
  drawAddress,
  drawInterfaces,
  drawMac,
  drawSuffix,
} from './draw-interfaces.ts'
import { DIGITS, HEX, type SeededRandom } from './seeded-random.ts'
import type { EmulatedDisk, EmulatedInstance } from './emulated-instance.ts'
import type { InstanceDescription } from './instance-description.ts'
import { type CidrBlock, containsBlock, isUsable, parseCidr, parseIpv4 } from '../base/ipv4.ts'

const words = (text: string): string[] => text.trim().split(/\s+/)

const REGIONS = /* @__PURE__ */ words(`
  cn-hangzhou cn-shanghai cn-beijing cn-shenzhen cn-qingdao cn-zhangjiakou cn-huhehaote cn-heyuan
  cn-wulanchabu cn-guangzhou cn-chengdu cn-hongkong ap-southeast-1 ap-southeast-3 ap-southeast-5
  ap-southeast-6 ap-southeast-7 ap-northeast-1 ap-northeast-2 us-east-1 us-west-1 eu-central-1
  eu-west-1`)
const FAMILIES = /* @__PURE__ */ words('c6 c7 c8i c8y g6 g6e g7 g8a g8i g8y r6 r7 r8i')
const SIZES = /* @__PURE__ */ words('large xlarge 2xlarge 4xlarge 8xlarge')
const PRIVATE_BLOCKS = /* @__PURE__ */ words('10.0.0.0/8 172.16.0.0/12 192.168.0.0/16')

/** An account's id. */
export const drawAccount = (random: SeededRandom): string => `1${random.text(DIGITS, 15)}`

// The value is checked before, or written here.
const blockOf = (text: string): CidrBlock => parseCidr(text) as CidrBlock
const numberOf = (address: string): number => parseIpv4(address) as number

/** The private block that contains a vSwitch, or the vSwitch's own block. */
const vpcBlockOf = (vswitchBlock: string): string =>
  PRIVATE_BLOCKS.find((block) => containsBlock(blockOf(block), blockOf(vswitchBlock))) ??
  vswitchBlock

/** The described disks. Default: the system disk. */
const disksOf = (
  { disks = [{ name: 'system' }] }: InstanceDescription,
  random: SeededRandom,
): readonly EmulatedDisk[] =>
  disks.map(({ serial, name }) => ({ serial: serial ?? drawSuffix(random).toLowerCase(), name }))

/**
 * Makes an instance.
 * @param random for items of all instances
 * @param more for items that only some instances have
 */
export const drawInstance = (
  random: SeededRandom,
  more: SeededRandom,
  owner: string,
  description: InstanceDescription,
  isTaken: IsTaken,
): EmulatedInstance => {
  const suffix = drawSuffix(random)
  const instanceId = description['instance-id'] ?? `i-${suffix}`
  const ownerAccountId = description['owner-account-id'] ?? owner
  const drawnRegion = random.pick(REGIONS)
  const letter = random.text('abcdefghijkl', 1)
  const region =
    description['region-id'] ?? description['zone-id']?.replace(/-?[a-z]$/, '') ?? drawnRegion
  // cn-hangzhou-h, but ap-southeast-1a.
  const zone = description['zone-id'] ?? `${region}${/\d$/.test(region) ? '' : '-'}${letter}`
  const drawnNetwork = `10.${random.below(256)}.${random.below(256)}.0/24`
  const vpcId = description['vpc-id'] ?? `vpc-${drawSuffix(random)}`
  const vswitchId = description['vswitch-id'] ?? `vsw-${drawSuffix(random)}`
  const networkInterfaceId = `eni-${drawSuffix(random)}`
  const serial = [8, 4, 4, 4, 12].map((length) => random.text(HEX, length)).join('-')
  const address = description['private-ipv4']
  const vswitchCidrBlock =
    description['vswitch-cidr-block'] ?? address?.replace(/\d+$/, '0/24') ?? drawnNetwork
  const block = blockOf(vswitchCidrBlock)
  const drawnAddress = drawAddress(random, block, isTaken)
  const document = {
    'zone-id': zone,
    'serial-number': description['serial-number'] ?? serial,
    'instance-id': instanceId,
    'region-id': region,
    'private-ipv4': address ?? drawnAddress,
    'owner-account-id': ownerAccountId,
    mac: description.mac ?? drawMac(random),
    'image-id': description['image-id'] ?? `m-${drawSuffix(random)}`,
    'instance-type':
      description['instance-type'] ?? `ecs.${random.pick(FAMILIES)}.${random.pick(SIZES)}`,
  }
  const first = {
    mac: document.mac,
    networkInterfaceId,
    primaryIpAddress: document['private-ipv4'],
  }
  const base64 = description['user-data-base64']
  const hostname = description.hostname ?? `iZ${instanceId.replace(/^i-/, '')}Z`
  return {
    instanceId,
    ownerAccountId,
    hostname,
    instanceName: description['instance-name'] ?? hostname,
    vpcId,
    vpcCidrBlock: description['vpc-cidr-block'] ?? vpcBlockOf(vswitchCidrBlock),
    vswitchId,
    networkInterfaceId,
    networkInterfaces: drawInterfaces(more, first, vswitchCidrBlock, description, isTaken),
    vswitchCidrBlock,
    vswitchIpv6CidrBlock: description['vswitch-ipv6-cidr-block'],
    publicIpv4: description.eipv4,
    publicKeys: description['public-keys'] ?? [],
    keyPairId: description['key-pair-id'],
    disks: disksOf(description, more),
    tags: description.tags ?? {},
    userData: base64 === undefined ? description['user-data'] : fromBase64(base64),
    ramRoles: description['ram-roles'] ?? [],
    spotTermination: description['spot-termination'],
    systemEvents: description['system-events'] ?? [],
    items: description.items ?? {},
    document,
  }
}

/** The contradictions in the description of an instance. */
export const contradictions = ({
  document,
  vpcCidrBlock,
  vswitchCidrBlock,
}: EmulatedInstance): string[] => {
  const { 'zone-id': zone = '', 'region-id': region = '', 'private-ipv4': address = '' } = document
  const [vpc, vswitch] = [blockOf(vpcCidrBlock), blockOf(vswitchCidrBlock)]
  return [
    ...(zone.startsWith(region) ? [] : [`zone-id: ${zone} is not in ${region}`]),
    ...(containsBlock(vpc, vswitch)
      ? []
      : [`vswitch-cidr-block: ${vswitchCidrBlock} is not in ${vpcCidrBlock}`]),
    ...(isUsable(vswitch, numberOf(address))
      ? []
      : [`private-ipv4: ${address} is no address for instances in ${vswitchCidrBlock}`]),
  ]
}
