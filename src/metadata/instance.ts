// Emulated instances, made up from a seed: the same seed makes the same instances. What tells
// instances apart (ids, addresses, serial numbers, names) differs from instance to instance and
// from seed to seed.

import { toHex, utf8 } from '../bytes.ts'

/** What the metadata service knows of one instance. */
export interface EmulatedInstance {
  /** The fields of the identity document, in the order of ECS. */
  readonly document: Readonly<Record<string, string>>
  readonly instanceId: string
  readonly ownerAccountId: string
  readonly hostname: string
  readonly vpcId: string
  readonly vswitchId: string
  readonly networkInterfaceId: string
  /** The /24 of the private address, as CIDR. */
  readonly vswitchCidrBlock: string
}

const REGIONS = ['cn-hangzhou', 'cn-shanghai', 'cn-beijing', 'cn-shenzhen', 'ap-southeast-1']
const TYPES = ['ecs.g6e.large', 'ecs.g7.xlarge', 'ecs.c7.2xlarge', 'ecs.r7.large', 'ecs.g8i.large']
const IMAGES = ['20210425', '20230110', '20240528']

const ALPHANUMERIC = '0123456789abcdefghijklmnopqrstuvwxyz'

/** Bytes that are random to look at, and always the same for the same text. */
const seededBytes = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-512', utf8(text)))

const pick = (values: readonly string[], byte = 0): string => values[byte % values.length] as string

const letters = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => ALPHANUMERIC[byte % 36]).join('')

const digits = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte % 10).join('')

const uuid = (bytes: Uint8Array): string =>
  toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5')

const macOf = (address: number): string => {
  const hex = (address & 0xffffff).toString(16).padStart(6, '0')
  return `00:16:3e:${hex.replace(/(..)(..)(..)/, '$1:$2:$3')}`
}

/** How instances are made up. */
export interface InstanceOptions {
  readonly seed: string
  /** How many; at most 65,536 differ in their addresses. */
  readonly count: number
  /** How many accounts own them, in turn. */
  readonly accounts: number
}

/** Makes up instances. */
export const makeInstances = async ({
  seed,
  count,
  accounts,
}: InstanceOptions): Promise<EmulatedInstance[]> => {
  const fleet = await seededBytes(`fleet\n${seed}`)
  const region = pick(REGIONS, fleet[0])
  // Addresses are counted up from a base of the seed's own, so that no two instances share one.
  const view = new DataView(fleet.buffer)
  const firstMac = view.getUint32(4)
  const secondOctet = fleet[1] as number
  const firstHost = view.getUint16(2)
  const accountIds = await Promise.all(
    Array.from({ length: accounts }, async (_, index) => {
      const bytes = await seededBytes(`account\n${seed}\n${index}`)
      return `1${digits(bytes.subarray(0, 15))}`
    }),
  )

  const makeInstance = async (index: number): Promise<EmulatedInstance> => {
    const bytes = await seededBytes(`instance\n${seed}\n${index}`)
    const suffix = letters(bytes.subarray(0, 17))
    const host = (firstHost + index) & 0xffff
    const network = `10.${secondOctet}.${host >> 8}`
    const ownerAccountId = accountIds[index % accounts] as string
    const instanceId = `i-bp1${suffix}`
    return {
      instanceId,
      ownerAccountId,
      hostname: `iZbp1${suffix}Z`,
      vpcId: `vpc-bp1${letters(fleet.subarray(10, 27))}`,
      vswitchId: `vsw-bp1${letters(fleet.subarray(30, 47))}`,
      networkInterfaceId: `eni-bp1${letters(bytes.subarray(20, 37))}`,
      vswitchCidrBlock: `${network}.0/24`,
      document: {
        'zone-id': `${region}-${pick(['g', 'h', 'i', 'j', 'k'], bytes[63])}`,
        'serial-number': uuid(bytes.subarray(40, 56)),
        'instance-id': instanceId,
        'region-id': region,
        'private-ipv4': `${network}.${host & 0xff}`,
        'owner-account-id': ownerAccountId,
        mac: macOf(firstMac + index),
        'image-id': `aliyun_3_x64_20G_alibase_${pick(IMAGES, bytes[62])}.vhd`,
        'instance-type': pick(TYPES, bytes[61]),
      },
    }
  }
  return Promise.all(Array.from({ length: count }, (_, index) => makeInstance(index)))
}
